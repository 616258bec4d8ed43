/** What tests measured, in milliseconds by name: for the report, and through it for the benchmark. */
export const measures: Record<string, number> = {};
