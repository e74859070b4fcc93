import assert from 'node:assert/strict';

export const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Checks the keys that a contract names; more may be there. A RegExp matches a string, an object goes deeper. */
export function assertShape(actual, shape, path = 'it') {
  for (const [key, want] of Object.entries(shape)) {
    const got = actual?.[key];
    const where = `${path}.${key}`;
    if (want instanceof RegExp) assert.match(String(got), want, where);
    else if (want !== null && typeof want === 'object' && !Array.isArray(want)) assertShape(got, want, where);
    else assert.deepEqual(got, want, where);
  }
}
