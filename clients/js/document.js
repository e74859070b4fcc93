// The document that everything here comes from, and what is left out of the types.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export const text = readFileSync(new URL('../../api/asyncapi.yaml', import.meta.url), 'utf8');
export const document = parse(text);

/** Follows a reference of the document; what is none stays as it is. */
export function resolve(node) {
  if (!node?.$ref) return node;
  const path = node.$ref.slice(2).split('/');
  return resolve(path.reduce((at, key) => at[key], document));
}

/** The last part of a reference. */
export const nameOf = (node) => node.$ref.split('/').at(-1);

/** The operations of an action that are about events, with the event's name and payload. */
export function events(action) {
  return Object.values(document.operations)
    .filter((operation) => operation.action === action)
    .map((operation) => ({ operation, message: resolve(operation.messages[0]) }))
    .filter(({ message }) => message.name)
    .map(({ operation, message }) => ({ operation, name: message.name, payload: message.payload }));
}
