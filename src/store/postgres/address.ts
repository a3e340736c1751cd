/** The address of a shared store, as the operator gives it: a secret, but for its place. */

export interface StoreAddress {
  /** With all that it needs; never shown. */
  readonly url: string;
  /** Where that is, for people: no name of a user, no password. */
  readonly place: string;
  /** It has more to hide than its place. */
  readonly hasPassword: boolean;
  /** What no output may show. */
  readonly secrets: readonly string[];
}

/** How an address has to look; a phrase that follows the name of a flag. */
export const STORE_FORM =
  "must be an address such as postgres://user:password@host:5432/database, with each @ / ? # and % of the password percent-encoded (%40 for @)";

/** Keys of an address that hold a secret (libpq has the same names). */
const SECRET_KEYS = ["password", "sslpassword"];

/** Reads an address; undefined for what is none of Postgres (postgresql.org, "Connection URIs"). */
export function parseStoreAddress(text: string): StoreAddress | undefined {
  const trimmed = text.trim();
  if (!/^postgres(?:ql)?:\/\//i.test(trimmed) || /\s/.test(trimmed)) return undefined;
  let url: URL;
  let password: string;
  try {
    // The standard of URLs wants a host after a user, also where a key names it: that one counts.
    url = new URL(
      trimmed.replace(/@(?=(?:\/[^/?]*)?\?(?:.*&)?(?:host|path|socket)=)/, "@localhost"),
    );
    password = decodeURIComponent(url.password);
  } catch {
    return undefined;
  }
  if (isTorn(url)) return undefined;
  const socket = url.searchParams.get("path") ?? url.searchParams.get("socket");
  const host = url.searchParams.get("host") ?? url.host;
  if (host === "" && socket === null) return undefined;
  const passwords = [password, ...SECRET_KEYS.map((key) => url.searchParams.get(key) ?? "")];
  // As libpq does: encrypted where the server can. Bun's own default is not to ask.
  if (!["sslmode", "ssl", "tls"].some((key) => url.searchParams.has(key)) && socket === null) {
    url.searchParams.set("sslmode", "prefer");
  }
  const secrets = [trimmed, url.href, url.password, ...passwords];
  const place = `${socket ?? host}${url.pathname === "/" ? "" : url.pathname}`;
  return {
    url: url.href,
    place,
    hasPassword: passwords.some((secret) => secret !== ""),
    secrets: secrets.filter((secret) => secret !== ""),
  };
}

/**
 * A password with a "/", "?" or "#" that is not encoded ends the name of the host for whoever reads a URL: its
 * beginning is a port, and the rest, with the real host, stands where nothing is secret.
 */
function isTorn({ pathname, hash, searchParams }: URL): boolean {
  return hash !== "" || [pathname, ...searchParams.keys()].some((text) => text.includes("@"));
}
