/** A token as this program keeps it in a file: in the first line, and in the second for which platform. */
export interface KeptToken {
  readonly value: string;
  /** Of the platform's address, as `URL.origin` has it; undefined where none was written down. */
  readonly origin: string | undefined;
}

/** What stands in the file. */
export function renderKept({ value, origin }: KeptToken): string {
  return origin === undefined ? `${value}\n` : `${value}\n${origin}\n`;
}

/** The token of such a file, or of one that holds a token alone. Unchecked: what else it holds is in the value. */
export function parseKept(text: string): KeptToken {
  const [, value, origin] = /^\s*(\S+)[ \t\r]*\n[ \t]*(https?:\/\/\S+)\s*$/.exec(text) ?? [];
  return value === undefined ? { value: text.trim(), origin: undefined } : { value, origin };
}

/** Whether the token may be sent there. Where no platform was written down, the operator's word counts. */
export function isFor({ origin }: KeptToken, platform: string): boolean {
  return origin === undefined || origin === platform;
}
