// How much a test does: little in CI, in its long form (`make torture`) as much as the promises say.
export const long = process.env.TORTURE === '1';
