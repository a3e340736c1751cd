/**
 * How many of the workspaces this process should serve: all, where it has no limit; otherwise its part of
 * them by the limits of all that have one, and never more than its own. Parts are rounded up, so that none
 * is left over for want of a rounding.
 */
export function shareOf(
  workspaces: number,
  capacity: number | undefined,
  othersCapacity: number,
): number {
  if (capacity === undefined) return workspaces;
  return Math.min(capacity, Math.ceil((workspaces * capacity) / (capacity + othersCapacity)));
}
