// Replaces the global `performance` in the bundles, which use only its now(). The first use of the global makes Node load a
// module, which takes a millisecond.
export const performance = { now: () => Number(process.hrtime.bigint()) / 1e6 };
