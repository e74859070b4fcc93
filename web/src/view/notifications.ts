import type { Notification } from '../contract';
import type { Person } from '../live/person';
import { h, keyedList, setText, type Row } from './dom';
import { clock } from './format';

/** The notifications, newest first; an unread one can be marked. */
export function notificationsView(person: Person) {
  const count = h('span', { class: 'count', hidden: true });
  const empty = h('p', { class: 'muted' }, 'Nothing yet.');
  const list = h('ul', { 'aria-live': 'polite', 'aria-label': 'Notifications' });
  const show = keyedList<Notification>(list, keyOf, (notification) => notificationView(person, notification));
  const element = h(
    'section',
    { class: 'card notifications', 'aria-label': 'Notifications' },
    h('header', {}, h('h3', {}, 'Notifications', count)),
    empty,
    list,
  );

  function update(): void {
    const { all, unreadCount } = person.inbox;
    count.hidden = unreadCount === 0;
    setText(count, `${unreadCount} unread`);
    empty.hidden = all.length > 0 || !person.loaded;
    show(all);
  }
  return { element, update };
}

function keyOf(notification: Notification): string {
  return notification.notificationId;
}

function notificationView(person: Person, notification: Notification): Row<Notification> {
  const { title, body, timestamp } = notification;
  const read = h(
    'button',
    { class: 'link', type: 'button', 'aria-label': `Mark as read: ${title}`, click: () => person.readNotification(notification) },
    'Mark read',
  );
  const text = h('div', {}, h('strong', {}, title), h('p', {}, body));
  const element = h('li', {}, text, h('small', { class: 'state' }, clock(timestamp)), read);

  function update({ readAt }: Notification): void {
    element.classList.toggle('unread', !readAt);
    read.hidden = Boolean(readAt);
  }
  return { element, update };
}
