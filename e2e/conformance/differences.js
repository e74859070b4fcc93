// Where package sioproto refuses, on purpose, what the official decoder takes. `rule` is the sentence of the package's
// documentation, `because` the reason, `applies` finds it in the text of a packet, whatever either decoder says.

/** The parts of a packet as the official decoder cuts them. */
export function parts(text) {
  const form = /^[56]/.test(text) ? /^.(?<count>[^-]*)-?(?<rest>.*)$/s : /^.?(?<count>)(?<rest>.*)$/s;
  const { count, rest } = form.exec(text).groups;
  const [found, namespace = '/'] = /^(\/[^,]*),?/.exec(rest) ?? [''];
  const [id] = /^[\d\s]*/.exec(rest.slice(found.length));
  return { count, namespace, id, json: rest.slice(found.length + id.length) };
}

const whole = /^\d+$/;

export const differences = [
  {
    rule: 'an empty text, or white space for a type (official: CONNECT);',
    because: 'nothing is no packet; the official decoder takes Number("") for the type 0',
    applies: (text) => text === '' || /^\s/.test(text),
  },
  {
    rule: 'CONNECT_ERROR, which only servers send;',
    because: 'the official decoder is that of clients too; the official server closes the connection one step later',
    applies: (text) => text.startsWith('4'),
  },
  {
    rule: 'counts and ids in other than decimal digits, and ids above 2^53-1 or of more than 16 digits;',
    because: 'Number() also reads 1e1, 0x1 and spaces, and rounds large numbers: the acknowledgement would bear another id than the event',
    applies(text) {
      const { count, id } = parts(text);
      const wrongCount = /^[56]/.test(text) && !whole.test(count);
      const digits = id.trimEnd();
      return wrongCount || (digits !== '' && (!whole.test(digits) || digits.length > 16 || Number(digits) > Number.MAX_SAFE_INTEGER)) || /[^\S \t\r\n]/.test(id);
    },
  },
  {
    rule: 'more JSON levels, or a longer namespace, than Limits allows;',
    because: 'depth exhausts the stack of whoever walks the value (the official server ends with it), and names are kept and logged',
    applies(text) {
      const { namespace, json } = parts(text);
      return Buffer.byteLength(namespace) > 255 || levels(json) > 64;
    },
  },
  {
    rule: 'a placeholder whose num is written with sign, point or exponent;',
    because: 'an index is a whole number; the official decoder puts undefined for 0.5',
    applies: (text) => /"num"\s*:\s*-?\d+[.eE]|"num"\s*:\s*-/.test(unescaped(text)),
  },
  {
    rule: 'a bad placeholder in a value that a later duplicate key replaces;',
    because: 'the text is judged as it stands, in one pass',
    applies: (text) => hasDuplicateKeys(parts(text).json),
  },
  {
    rule: 'placeholders that repeat attachments beyond Limits.MaxAttachments or Assembler.MaxBytes.',
    because: 'a few bytes that stand for one large attachment many times would get around every limit on size',
    applies: (text, attachments) => {
      const placeholders = unescaped(text).match(/"_placeholder"/g)?.length ?? 0;
      return placeholders > 10 || placeholders * Math.max(0, ...attachments.map((a) => a.length)) > 900_000;
    },
  },
];

/** White space before the JSON makes the official decoder see the ack id 0. */
export const spaceForId = {
  rule: 'White space before the JSON is just that (official: the ack id 0), so malformed where no JSON follows.',
  because: 'a space is no number: an acknowledgement would answer an event that asked for none',
  applies(text) {
    const { id, json } = parts(text);
    return id !== id.trim() && (id.trim() === '' || json === '');
  },
};

function levels(json) {
  let depth = 0;
  let deepest = 0;
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth);
    else if (token === ']' || token === '}') depth--;
  }
  return deepest;
}

function unescaped(text) {
  return text.replace(/\\u00([2-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

function hasDuplicateKeys(json) {
  let value;
  try {
    value = JSON.parse(json);
  } catch {
    return false;
  }
  const written = json.match(/"(?:[^"\\]|\\.)*"(\s*:)?/gs)?.filter((token) => token.endsWith(':')).length ?? 0;
  return written > keysOf(value);
}

function keysOf(value) {
  if (value === null || typeof value !== 'object') return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum, member) => sum + keysOf(member), own);
}
