const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** The hour and minute of a timestamp, in the reader's zone. */
export function clock(timestamp: string): string {
  return time.format(new Date(timestamp));
}

/** An amount in minor units as people write it. */
export function money(amount: number, currency: string): string {
  return new Intl.NumberFormat(undefined, { style: 'currency', currency }).format(amount / 100);
}

/** The part of an id that is enough to tell two apart. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}
