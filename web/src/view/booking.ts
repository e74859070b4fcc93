import type { Booking, BookingStatus, Payment } from '../contract';
import type { Person } from '../live/person';
import { price } from '../backend';
import type { Move } from '../rules';
import { h, keyedList, setText, type Row } from './dom';
import { money, shortId } from './format';

const steps: BookingStatus[] = ['pending', 'confirmed', 'active', 'completed'];

/** The booking: where it stands, its payment, and what this person can do about them. */
export function bookingView(person: Person, listingName: string) {
  const title = h('span', { class: 'muted' });
  const status = h('span', { class: 'pill', role: 'status' });
  const stepViews = steps.map((step) => h('li', {}, h('span', {}, capital(step))));
  const timeline = h('ol', { class: 'timeline', 'aria-label': 'Booking status' }, ...stepViews);
  const payment = h('p', { class: 'payment', role: 'status' });
  const moves = h('div', { class: 'moves', role: 'group', 'aria-label': 'Booking actions', tabindex: '-1' });
  const showMoves = keyedList<Move>(moves, keyOf, (move) => moveView(person, move));
  const element = h(
    'section',
    { class: 'card booking', 'aria-label': 'Booking' },
    h('header', {}, h('h3', {}, listingName), title, status),
    timeline,
    h('footer', {}, payment, moves),
  );

  function update(): void {
    const booking = person.bookings.shown;
    setText(title, titleText(booking, person.loaded));
    status.hidden = !booking;
    status.dataset['status'] = booking?.status ?? '';
    setText(status, capital(booking?.status ?? ''));
    status.title = booking?.reason ?? '';
    showSteps(stepViews, booking);
    payment.hidden = !booking;
    setText(payment, paymentText(person.bookings.payment));
    payment.dataset['status'] = person.bookings.payment?.status ?? '';
    keepFocus(moves, () => showMoves(person.moves));
  }
  return { element, update };
}

function titleText(booking: Booking | undefined, loaded: boolean): string {
  if (booking) return `booking ${shortId(booking.bookingId)}`;
  return loaded ? 'No booking: start a new one' : '';
}

function showSteps(views: HTMLElement[], booking: Booking | undefined): void {
  const reached = booking ? steps.indexOf(booking.status) : -1;
  views.forEach((view, index) => {
    view.dataset['state'] = index < reached ? 'done' : index === reached ? 'now' : 'ahead';
    if (index === reached) view.setAttribute('aria-current', 'step');
    else view.removeAttribute('aria-current');
  });
}

function paymentText(payment: Payment | undefined): string {
  const amount = money(payment?.amount ?? price.amount, payment?.currency ?? price.currency);
  if (!payment) return `${amount}, not paid`;
  const reason = payment.error ? ` (${payment.error})` : '';
  return `${amount}, payment ${payment.status.replace('_', ' ')}${reason}`;
}

function keyOf(move: Move): string {
  return move.label;
}

function moveView(person: Person, move: Move): Row<Move> {
  const element = h('button', { class: move.tone, type: 'button', click: () => person.make(move) }, move.label);
  return { element, update: () => undefined };
}

/** A pressed button may disappear with its state: the focus then goes to its neighbours, not to the page. */
function keepFocus(group: HTMLElement, change: () => void): void {
  const focused = document.activeElement;
  const inside = focused !== group && group.contains(focused);
  change();
  if (inside && !group.contains(focused)) (group.querySelector('button') ?? group).focus();
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
