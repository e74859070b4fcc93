import type { Person } from '../live/person';
import type { Link } from '../live/connection';
import { h, setText } from './dom';

/** How this person is connected, what the last catch-up brought, and the button that cuts the line. */
export function connectionView(person: Person) {
  const word = h('span', { class: 'word' });
  const transport = h('span');
  const badge = h('span', { class: 'badge' }, word, transport);
  const hint = h('span', { class: 'hint' });
  const drop = h('button', { class: 'plain', type: 'button', click: () => person.connection.drop() }, 'Drop my connection');
  const element = h('div', { class: 'connection' }, h('span', { role: 'status' }, badge, hint), drop);

  function update(): void {
    const { link } = person.connection;
    badge.dataset['state'] = link.state;
    setText(word, link.state === 'online' ? 'connected · ' : link.state);
    setText(transport, link.state === 'online' ? link.transport : '');
    setText(hint, hintText(link, person.caughtUp));
    drop.disabled = link.state !== 'online';
  }
  return { element, update };
}

function hintText(link: Link, caughtUp: number | undefined): string {
  if (link.state === 'refused') return `${link.message}: reload the page`;
  if (link.state === 'offline') return 'comes back by itself';
  return caughtUp === undefined ? '' : `caught up: ${caughtUp}`;
}
