/** Flags of the commands that act on a running platform of `molecule dev`. */
import { apiTokenFlags, credentialFlags } from "../access/credential-flags.ts";

/** Whose platform it is, and the token to act on it. */
export const runningFlags = {
  ...apiTokenFlags,
  orgId: credentialFlags.orgId,
};

/** What is wrong with a number that may have decimals, as a phrase; undefined for one within the range. */
export function decimalProblem(text: string, least: number, most: number): string | undefined {
  const value = /^\d{1,9}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most
    ? undefined
    : `must be a number from ${least} to ${most}, such as ${most === 1 ? "0.3" : "20 or 0.5"}`;
}
