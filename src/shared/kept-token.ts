/** A token as this program keeps it in a file: in the first line, and in the second for which platform. */
export interface KeptToken {
  readonly value: string;
  /** The platform's whole address, as {@link addressOf} has it; undefined where none was written down. */
  readonly platform: string | undefined;
}

/** What stands in the file. */
export function renderKept({ value, platform }: KeptToken): string {
  return platform === undefined ? `${value}\n` : `${value}\n${platform}\n`;
}

/** The token of such a file, or of one that holds a token alone. Unchecked: what else it holds is in the value. */
export function parseKept(text: string): KeptToken {
  const [, value, platform] = /^\s*(\S+)[ \t\r]*\n[ \t]*(https?:\/\/\S+)\s*$/.exec(text) ?? [];
  return value === undefined ? { value: text.trim(), platform: undefined } : { value, platform };
}

/**
 * A platform's address as it is written beside a token: origin and path, without a slash at the end. Several may
 * share an origin, each under a path of its own.
 */
export function addressOf({ origin, pathname }: Pick<URL, "origin" | "pathname">): string {
  return `${origin}${pathname.replace(/\/+$/, "")}`;
}

/** Whether the token may be sent to that address. Where none was written down, the operator's word counts. */
export function isFor({ platform }: KeptToken, address: string): boolean {
  return platform === undefined || platform === address;
}
