import type { Context } from "../cli/command.ts";
import { parseApiUrl } from "../platform/api-url.ts";
import { GLOBALS } from "./globals.ts";

/** The origin of the platform that the command is for. Throws a UsageError for an address that can't be one. */
export function platformOrigin(context: Pick<Context, "get">): string {
  return parseApiUrl(context.get(GLOBALS.apiUrl)).origin;
}
