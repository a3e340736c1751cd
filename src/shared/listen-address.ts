/** Where a server of this program listens on this machine: HOST:PORT. */

export interface ListenAddress {
  /** A name or an address; that of IPv6 without its brackets. */
  hostname: string;
  /** 0 for any that is free. */
  port: number;
}

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

/** Whether nobody but this machine can reach it: 127.0.0.0/8, ::1, `localhost` and names below it. */
export function isLoopback({ hostname }: Pick<ListenAddress, "hostname">): boolean {
  const name = hostname.toLowerCase();
  // As the parser of URLs spells it: every form of an address has one there.
  const host = URL.parse(`http://${name.includes(":") ? `[${name}]` : name}/`)?.hostname ?? name;
  return host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host) || /(^|\.)localhost$/.test(host);
}
