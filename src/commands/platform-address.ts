import type { Context } from "../cli/command.ts";
import { parseApiUrl } from "../platform/api-url.ts";
import { addressOf } from "../shared/kept-token.ts";
import { GLOBALS } from "./globals.ts";

/**
 * The address of the platform that the command is for, as kept tokens have it. Throws a UsageError for one that can't
 * be one.
 */
export function platformAddress(context: Pick<Context, "get">): string {
  return addressOf(parseApiUrl(context.get(GLOBALS.apiUrl)));
}
