/** `--listen`: where the platform's messages are awaited on this machine. */

export interface ListenAddress {
  /** A name or an address; that of IPv6 without its brackets. */
  hostname: string;
  /** 0 for any that is free. */
  port: number;
}

/** What is wrong with another form, as a phrase after the flag's name. */
export const LISTEN_FORM = "must be HOST:PORT, such as 127.0.0.1:8787 or [::1]:8787";

/** Reads HOST:PORT, or [ADDRESS]:PORT for IPv6; undefined for any other text. */
export function parseListen(text: string): ListenAddress | undefined {
  const [, host = "", digits = ""] = /^(\[[^\]]*\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  // The parser of URLs knows what an address is.
  if (host === "" || port > 65_535 || URL.parse(`http://${host}/`) === null) return undefined;
  return { hostname: host.replace(/^\[|\]$/g, ""), port };
}

/** The form that {@link parseListen} reads. */
export function formatListen({ hostname, port }: ListenAddress): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
