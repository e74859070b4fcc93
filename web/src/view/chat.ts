import type { Message } from '../contract';
import type { Person } from '../live/person';
import type { Draft } from '../live/thread';
import { clock } from './format';
import { h, keyedList, setText, type Row } from './dom';

type Line = { message: Message; read: boolean } | { draft: Draft };

/** The conversation: lines, typing sign, and the field to write in. */
export function chatView(person: Person) {
  const unread = h('span', { class: 'count', hidden: true });
  const presence = h('span', { class: 'presence' });
  const lines = h('ol');
  const log = h('div', { class: 'log', role: 'log', 'aria-label': `Conversation with ${person.other.name}`, tabindex: '0' }, lines);
  const typing = h('p', { class: 'typing', role: 'status' });
  const element = h(
    'section',
    { class: 'card chat', 'aria-label': 'Chat' },
    h('header', {}, h('h3', {}, person.other.name, unread), presence),
    log,
    typing,
    composer(person),
  );
  const showLines = keyedList<Line>(lines, (line) => keyOf(person, line), (line) => lineView(person, line));

  function update(): void {
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    showLines(linesOf(person));
    if (atEnd) log.scrollTop = log.scrollHeight;
    const count = person.thread.unread.length;
    unread.hidden = count === 0;
    setText(unread, `${count} unread`);
    showPresence(person, presence);
    setText(typing, person.otherTypes ? `${person.other.name} is typing…` : '');
  }
  return { element, update };
}

function linesOf({ thread }: Person): Line[] {
  const sent = thread.messages.map((message) => ({ message, read: message.seq <= thread.otherReadSeq }));
  return [...sent, ...thread.drafts.map((draft) => ({ draft }))];
}

/** A message keeps the key of its draft, so that its line stays where it is when the server has it. */
function keyOf({ thread }: Person, line: Line): string {
  if ('draft' in line) return line.draft.clientMessageId;
  return thread.origins.get(line.message.messageId) ?? line.message.messageId;
}

function lineView(person: Person, line: Line): Row<Line> {
  const mine = !('message' in line) || line.message.senderId === person.me.id;
  const content = 'message' in line ? line.message.content : line.draft.content;
  const state = h('small', { class: 'state' });
  const again = h('button', { class: 'link', hidden: true }, 'Send again');
  const element = h('li', { class: mine ? 'line mine' : 'line' }, h('p', {}, content), state, again);
  again.addEventListener('click', () => 'draft' in line && person.sendAgain(line.draft));

  function update(now: Line): void {
    const failed = 'draft' in now && now.draft.failure !== undefined;
    again.hidden = !failed;
    element.classList.toggle('failed', failed);
    setText(state, stateOf(now, mine));
  }
  return { element, update };
}

function stateOf(line: Line, mine: boolean): string {
  if ('draft' in line) return line.draft.failure ? `Not sent: ${line.draft.failure}` : 'Sending…';
  const time = clock(line.message.timestamp);
  if (!mine) return time;
  return line.read ? `${time} · Read` : `${time} · Sent`;
}

function showPresence({ presence }: Person, element: HTMLElement): void {
  element.dataset['online'] = String(presence?.online ?? false);
  if (presence?.online) setText(element, 'online');
  else setText(element, presence?.lastSeen ? `last seen ${clock(presence.lastSeen)}` : 'offline');
}

function composer(person: Person): HTMLFormElement {
  const field = h('input', {
    type: 'text',
    name: 'content',
    maxlength: '4000',
    autocomplete: 'off',
    enterkeyhint: 'send',
    placeholder: `Write to ${person.other.name}`,
    'aria-label': `Message to ${person.other.name}`,
    input: () => person.type(),
  });
  function submit(event: Event): void {
    event.preventDefault();
    const content = field.value.trim();
    if (!content) return;
    field.value = '';
    person.send(content);
  }
  return h('form', { class: 'composer', submit }, field, h('button', { class: 'main', type: 'submit' }, 'Send'));
}
