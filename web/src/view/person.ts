import type { Person } from '../live/person';
import { roleNames } from '../session';
import { bookingView } from './booking';
import { chatView } from './chat';
import { connectionView } from './connection';
import { h, setText } from './dom';
import { notificationsView } from './notifications';

/** One person's side of the page. */
export function personView(person: Person, listingName: string) {
  const parts = [
    connectionView(person),
    bookingView(person, listingName),
    chatView(person),
    notificationsView(person),
  ] as const;
  const [connection, booking, chat, notifications] = parts;
  const trouble = h('p', { class: 'trouble', role: 'alert' });
  const avatar = h('span', { class: 'avatar', 'aria-hidden': 'true' }, person.me.name.charAt(0));
  const name = h('div', {}, h('h2', {}, person.me.name), h('p', { class: 'muted' }, roleNames[person.role]));
  const element = h(
    'article',
    { class: 'person', id: person.role, 'data-role': person.role, 'aria-label': `${person.me.name}, ${roleNames[person.role]}` },
    h('header', { class: 'who' }, avatar, name, connection.element),
    trouble,
    booking.element,
    chat.element,
    notifications.element,
  );

  function update(): void {
    element.setAttribute('aria-busy', String(!person.loaded));
    for (const part of parts) part.update();
    setText(trouble, person.trouble);
    trouble.hidden = person.trouble === '';
  }
  return { element, update };
}
