// A payment provider: tells of payments as Stripe does, in any order, more than once, and again until it is answered with 2xx.
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

const patience = 60_000; // for one event

/** Whole numbers below a bound, the same ones for the same seed (mulberry32). */
export function chance(seed) {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let n = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    n = (n + Math.imul(n ^ (n >>> 7), 61 | n)) ^ n;
    return ((n ^ (n >>> 14)) >>> 0) % below;
  };
}

export function ordersOf(list) {
  if (list.length === 0) return [[]];
  return list.flatMap((first) => ordersOf(list.filter((other) => other !== first)).map((rest) => [first, ...rest]));
}

export function shuffled(list, random) {
  const rest = [...list];
  return list.map(() => rest.splice(random(rest.length), 1)[0]);
}

/** What each event that counts makes of a payment. */
const statusOf = {
  'payment_intent.created': 'pending',
  'payment_intent.processing': 'processing',
  'payment_intent.payment_failed': 'failed',
  'payment_intent.canceled': 'failed',
  'payment_intent.succeeded': 'completed',
};

/** Where a payment stands of which these events were told, in whatever order. */
export function endOf(events) {
  const rank = ({ type, created }) => {
    const at = ['pending', 'processing', 'failed', 'completed'].indexOf(statusOf[type]);
    return at % 3 === 0 ? at * 1e12 : created * 10 + at; // the attempts between the first and success go by their time
  };
  return statusOf[events.reduce((last, next) => (rank(next) >= rank(last) ? next : last)).type];
}

function uuid5(space, name) {
  const hash = createHash('sha1').update(Buffer.from(space.replaceAll('-', ''), 'hex')).update(name).digest();
  hash[6] = (hash[6] & 0x0f) | 0x50;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const intents = uuid5('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'stripe.com');

/** One payment with what is to be told of it: types of events, each so many seconds after the first. */
export function life(bookingId, steps) {
  const begin = Math.floor(Date.now() / 1000) - 60;
  const object = { id: `pi_${randomUUID()}`, amount: 12_000, currency: 'eur', metadata: { bookingId } };
  const event = ([type, at]) => ({ id: `evt_${randomUUID()}`, type: `payment_intent.${type}`, created: begin + at, data: { object } });
  return { paymentId: uuid5(intents, object.id), events: steps.map(event) };
}

/** The steps of some life: none, one or a few attempts, which may succeed. */
export function someSteps(random) {
  const attempts = Array.from({ length: random(4) }, () => [['processing', 'payment_failed', 'canceled'][random(3)], random(4)]);
  return [['created', 0], ...attempts, ...(random(2) ? [['succeeded', random(6)]] : [])];
}

export class Provider {
  /** The outcomes that were answered to each event that was heard, by its id. */
  outcomes = new Map();
  secret = `whsec_${randomUUID()}`;

  /** Tells an event once, and returns whether the answer was 2xx. A server that dies gives none. */
  async #tellOnce(server, event) {
    const body = JSON.stringify(event);
    const at = Math.floor(Date.now() / 1000);
    const signature = createHmac('sha256', this.secret).update(`${at}.${body}`).digest('hex');
    const headers = { 'Content-Type': 'application/json', 'Stripe-Signature': `t=${at},v1=${signature}` };
    try {
      const answer = await fetch(`${server.url}/webhooks/stripe`, { method: 'POST', headers, body });
      const { outcome } = await answer.json();
      if (answer.ok) this.outcomes.set(event.id, [...(this.outcomes.get(event.id) ?? []), outcome]);
      if (answer.status < 500 && !answer.ok) throw new Error(`${event.type} was answered with ${answer.status}`, { cause: 'refused' });
      return answer.ok;
    } catch (error) {
      if (error.cause === 'refused') throw error;
      return false;
    }
  }

  /** Tells an event until it is heard. */
  async tell(server, event) {
    for (const deadline = Date.now() + patience; !(await this.#tellOnce(server, event)); await pause(20)) {
      if (Date.now() > deadline) throw new Error(`${event.id} was not heard`);
    }
  }
}
