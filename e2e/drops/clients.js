// A process of stock clients that lose their connections. Its parent tells it {people, url, drops, away}, then {expected};
// it tells {connected}, {dropped} and {result}.
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { io } from 'socket.io-client';

const calm = 15_000; // without any news, what is missing does not come any more
const atOnce = 50; // connects

/** One client, and what it was told. */
class Person {
  heard = new Set();
  duplicates = 0;
  disordered = 0;
  recovered = 0;
  #last = -1;

  constructor({ url, away }, { user, token, transports }) {
    this.user = user;
    this.socket = io(url, {
      forceNew: true, transports, auth: { token }, timeout: 60_000,
      reconnectionDelay: away, reconnectionDelayMax: away, randomizationFactor: 0,
    });
    this.socket.on('message.new', ({ content }) => this.#take(Number(content)));
  }

  #take(n) {
    Person.news = Date.now();
    if (this.heard.has(n)) {
      this.duplicates++;
      return;
    }
    if (n < this.#last) this.disordered++;
    this.#last = Math.max(this.#last, n);
    this.heard.add(n);
  }

  /** Loses the connection: with what is on its way, or, where the client has no hold of it, at a moment of its own. */
  #drop() {
    const { engine } = this.socket.io;
    const tcp = engine.transport.ws?._socket;
    if (tcp) tcp.resetAndDestroy();
    else engine.close();
  }

  async live(drops) {
    for (let n = 0; n < drops; n++) {
      await pause(200 + 1300 * Math.random());
      const back = once(this.socket, 'connect');
      this.#drop();
      await back;
      if (this.socket.recovered) this.recovered++;
    }
  }

  lacks(expected) {
    return expected[this.user] - this.heard.size;
  }
}

const receive = async () => (await once(process, 'message'))[0];

const play = await receive();
const people = [];
for (let n = 0; n < play.people.length; n += atOnce) {
  const some = play.people.slice(n, n + atOnce).map((who) => new Person(play, who));
  await Promise.all(some.map(({ socket }) => once(socket, 'connect')));
  people.push(...some);
}
process.send({ connected: people.length });
await Promise.all(people.map((person) => person.live(play.drops)));
process.send({ dropped: true });

const { expected } = await receive();
Person.news = Date.now();
while (people.some((person) => person.lacks(expected) > 0) && Date.now() - Person.news < calm) await pause(50);
await pause(500); // for what should not come
const sum = (of) => people.reduce((all, person) => all + of(person), 0);
process.send({
  result: {
    expected: sum(({ user }) => expected[user]),
    delivered: sum(({ heard }) => heard.size),
    duplicates: sum(({ duplicates }) => duplicates),
    disordered: sum(({ disordered }) => disordered),
    drops: people.length * play.drops,
    recovered: sum(({ recovered }) => recovered),
  },
});
for (const { socket } of people) socket.disconnect();
process.disconnect();
