// Prints index.d.ts.
import { document, events, nameOf, resolve } from './document.js';

const indent = (lines) => lines.split('\n').map((line) => (line ? `  ${line}` : line)).join('\n');

/** What the type cannot say: the description, and the bounds. */
function comment({ description, summary, minimum, maximum, minLength, maxLength, 'x-max-bytes': bytes, 'x-unit': unit }) {
  const words = [summary && `${summary}.`, description?.trim()].filter(Boolean);
  const range = (low, high) => [low !== undefined && `from ${low}`, high !== undefined && `to ${high}`].filter(Boolean).join(' ');
  if (minimum !== undefined || maximum !== undefined) words.push(`An integer ${range(minimum, maximum)}${unit ? ` ${unit}` : ''}.`);
  if (minLength !== undefined || maxLength !== undefined) words.push(`Length ${range(minLength, maxLength)}.`);
  if (bytes !== undefined) words.push(`At most ${bytes} bytes of UTF-8.`);
  if (!words.length) return '';
  const lines = words.join('\n').split('\n');
  return lines.length === 1 ? `/** ${lines[0]} */\n` : `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`;
}

function typeOf(schema) {
  if (schema.$ref) return nameOf(schema);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => `'${value}'`).join(' | ');
  if (schema.allOf) return schema.allOf.map(typeOf).join(' & ');
  switch (schema.type) {
    case 'string':
    case 'boolean':
      return schema.type;
    case 'integer':
      return 'number';
    case 'array':
      return `${typeOf(schema.items)}[]`;
    case 'object':
      return schema.properties ? fields(schema) : 'Record<string, unknown>';
  }
  throw new Error(`no type for ${JSON.stringify(schema)}`);
}

function fields({ properties, required = [] }) {
  const lines = Object.entries(properties).map(
    ([name, schema]) => `${comment(schema)}${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema)};`,
  );
  return lines.length ? `{\n${indent(lines.join('\n'))}\n}` : '{}';
}

/** A choice of one of several fields, each as an object in which the others are not there. */
function choice({ properties, oneOf }) {
  const names = Object.keys(properties);
  const one = ({ required: [chosen] }) =>
    `{ ${names.map((name) => (name === chosen ? `${name}: ${typeOf(properties[name])}` : `${name}?: never`)).join('; ')} }`;
  return oneOf.map((branch) => `\n  | ${one(branch)}`).join('');
}

function declare([name, schema]) {
  const { description } = schema;
  if (schema.type !== 'object') return `${comment(schema)}export type ${name} = ${typeOf(schema)};`;
  if (schema.oneOf) return `${comment({ description })}export type ${name} =${choice(schema)};`;
  const written = fields(schema);
  if (written === '{}') return `${comment({ description })}export type ${name} = Record<string, never>;`;
  return `${comment({ description })}export interface ${name} ${written}`;
}

/** The result of an event: what its acknowledgement holds when it is not refused. */
function resultOf({ reply }) {
  const { payload } = resolve(reply.messages[0]);
  return payload.oneOf.map(nameOf).filter((name) => name !== 'Refused').join(' | ');
}

const request = ({ operation, name, payload }) =>
  `'${name}': { payload: ${typeOf(payload)}; result: ${resultOf(operation)} };`;

const fromClient = ({ operation, name, payload }) =>
  `${comment(operation)}'${name}': (payload: ${typeOf(payload)}, ack${operation['x-volatile'] ? '?' : ''}: Ack<'${name}'>) => void;`;

const fromServer = ({ operation, name, payload }) =>
  `${comment(operation)}'${name}': ${operation['x-durable'] ? `Durable<${typeOf(payload)}>` : `(payload: ${typeOf(payload)}) => void`};`;

const schemas = Object.entries(document.components.schemas).filter(([name]) => !name.startsWith('NotAuthority'));

process.stdout.write(`// Generated from api/asyncapi.yaml by generate.js. Do not edit.

${schemas.map(declare).join('\n\n')}

/** What an event is acknowledged with: its result, or \`{error}\`. */
export type Reply<Result> = Result | Refused;

/** What each event from the client carries, and what it is answered with. */
export interface Requests {
${indent(events('receive').map(request).join('\n'))}
}

/** The acknowledgement of an event from the client. */
export type Ack<Event extends keyof Requests> = (reply: Reply<Requests[Event]['result']>) => void;

/**
 * The listener of a durable event. The position is the receiver's, and for the client library. A client that gives \`since\` finds
 * it in the payload instead.
 */
export type Durable<Payload> = (payload: Payload & { position?: Position }, position?: Position) => void;

/** The events from the server: the first parameter of socket.io-client's \`Socket\`. */
export interface ServerToClient {
${indent(events('send').map(fromServer).join('\n'))}
}

/** The events from the client: the second parameter of socket.io-client's \`Socket\`. */
export interface ClientToServer {
${indent(events('receive').map(fromClient).join('\n'))}
}
`);
