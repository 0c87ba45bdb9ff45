/** What ends a transaction without an outcome: a host that failed, or linear memory at its limit. */

/** 0, or the fatal status of the running transaction. */
export let fatal: i32 = 0;

/** The first failure counts. */
export function fail(status: i32): void {
  if (!fatal) fatal = status;
}

export function clearFailure(): void {
  fatal = 0;
}
