import { Backend } from './backend';
import { Person } from './live/person';
import { loadSession, rolesOf, type Session } from './session';
import { h } from './view/dom';
import { pageView } from './view/page';

function start(session: Session): void {
  let view: ReturnType<typeof pageView> | undefined;
  let due = false;
  // Many changes of one moment are drawn once.
  const changed = () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      view?.update();
    });
  };
  const backend = new Backend(session, (call) => view?.showCall(call));
  const roles = rolesOf(new URLSearchParams(location.search));
  const people = roles.map((role) => new Person(role, session, backend, changed));
  view = pageView(people, session, {
    newBooking: () => backend.moveBooking(crypto.randomUUID(), 'pending'),
    restartServer: () => backend.restartServer(),
  });
  document.body.append(view.element);
  view.update();
}

loadSession().then(start, (error: Error) => {
  document.body.append(h('p', { class: 'trouble', role: 'alert' }, `The demo cannot start: ${error.message}.`));
});
