import { PlatformError } from "../platform/platform.ts";

/**
 * That the platform answers, and only that it can't (5xx), as a clause; undefined for all else. What is not
 * asked for that reason is not out of reach.
 */
export function outOfOrder(error: unknown): string | undefined {
  if (!(error instanceof PlatformError)) return undefined;
  const { status } = error.failure;
  return status === undefined || status < 500 ? undefined : `the platform answered with ${status}`;
}
