import type { Call } from '../backend';
import type { Person } from '../live/person';
import type { Session } from '../session';
import { h, setText } from './dom';
import { personView } from './person';

/** What the buttons at the top do. */
export interface Actions {
  newBooking(): Promise<void>;
  restartServer(): Promise<void>;
}

/** The whole page: one or two people, and at its foot what the back end was last asked. */
export function pageView(people: Person[], session: Session, actions: Actions) {
  const views = people.map((person) => personView(person, session.listing.name));
  const calls = h('p', { class: 'calls' }, 'The booking buttons call the back end: PUT /v1/bookings/… with the service key.');
  const main = h('main', { class: 'people' }, ...views.map(({ element }) => element));
  const tabs = people.map((person) => switchButton(person, (role) => show(role)));
  const element = h('div', { class: 'page' }, topBar(people, actions, showTrouble), switchBar(tabs), main, h('footer', {}, calls));

  function show(role: string): void {
    main.dataset['shown'] = role;
    for (const { button } of tabs) button.setAttribute('aria-pressed', String(button.value === role));
  }
  function update(): void {
    for (const view of views) view.update();
    for (const tab of tabs) tab.update();
  }
  function showCall({ path, status, milliseconds }: Call): void {
    setText(calls, `PUT ${path} answered ${status} in ${milliseconds} ms`);
  }
  function showTrouble(error: Error): void {
    setText(calls, error.message);
  }
  if (people[0]) show(people[0].role);
  followAttention(people, views);
  return { element, update, showCall };
}

function topBar(people: Person[], actions: Actions, failed: (error: Error) => void): HTMLElement {
  const button = (text: string, act: () => Promise<void>) =>
    h('button', { class: 'plain', type: 'button', click: () => void act().catch(failed) }, text);
  const alone = people.length === 1;
  const link = alone
    ? h('a', { href: '/demo' }, 'Both sides')
    : h('span', {}, 'In two tabs: ', h('a', { href: '?as=boater', target: '_blank' }, 'boater'), ' · ', h('a', { href: '?as=owner', target: '_blank' }, 'owner'));
  return h(
    'header',
    { class: 'top' },
    h('img', { src: '/demo/icon.svg', alt: '', width: '32', height: '32' }),
    h('div', {}, h('h1', {}, 'Dokkerr Realtime'), h('p', { class: 'muted' }, 'Two stock Socket.IO clients, one server, all live')),
    h(
      'nav',
      { 'aria-label': 'Demo' },
      link,
      button('Restart the server', () => actions.restartServer()),
      button('New booking', () => actions.newBooking()),
    ),
  );
}

/** On a narrow screen one person is shown at a time; the other one's button counts what waits there. */
function switchButton(person: Person, show: (role: string) => void) {
  const count = h('span', { class: 'count', hidden: true });
  const button = h('button', { type: 'button', value: person.role, click: () => show(person.role) }, person.me.name, count);
  function update(): void {
    const waiting = person.thread.unread.length + person.inbox.unreadCount;
    count.hidden = waiting === 0;
    setText(count, String(waiting));
  }
  return { button, update };
}

function switchBar(tabs: { button: HTMLButtonElement }[]): HTMLElement {
  const hidden = tabs.length < 2;
  return h('div', { class: 'switch', role: 'group', 'aria-label': 'Whose side', hidden }, ...tabs.map(({ button }) => button));
}

/** A person looks when the page is visible and, with two people on it, when theirs is the side last used. */
function followAttention(people: Person[], views: { element: HTMLElement }[]): void {
  let looking = people.length === 1 ? people[0] : undefined;
  const tell = () => {
    for (const person of people) person.attend(person === looking && document.visibilityState === 'visible');
  };
  views.forEach(({ element }, index) => {
    const look = () => {
      looking = people[index];
      tell();
    };
    element.addEventListener('focusin', look);
    element.addEventListener('pointerdown', look);
  });
  document.addEventListener('visibilitychange', tell);
  tell();
}
