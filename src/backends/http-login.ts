/** What an operator gives for a server that is called: headers, and the keys in its address. */
import { UsageError } from "../shared/errors.ts";
import type { Secrets } from "../shared/secrets.ts";
import { oneLine } from "../shared/text.ts";
import type { BackendParts, OptionValues } from "./backend.ts";
import { resolveText } from "./option-text.ts";

type Parts = Pick<BackendParts, "env" | "secrets">;

/**
 * The `header.NAME=VALUE` among the options, by lower-case name. Throws a UsageError that names the
 * option where one is no header, is ours to set, or is given twice. Learns the secrets in them.
 */
export function readHeaders(
  backend: string,
  options: OptionValues,
  parts: Parts,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [key, given] of Object.entries(options)) {
    if (!key.startsWith(PREFIX)) continue;
    const written = key.slice(PREFIX.length);
    const name = written.toLowerCase();
    if (!TOKEN.test(written)) throw new UsageError(`option ${key}: that is no name of a header`);
    if (OURS.has(name)) {
      throw new UsageError(
        `option ${key}: the ${backend} backend sets the header ${written} itself`,
      );
    }
    if (Object.hasOwn(headers, name)) throw givenTwice(backend, written);
    const value = headerValue(key, resolveText(key, String(given), parts).trim());
    const isSecret = CONFIDENTIAL.test(name) || String(given).startsWith("env:");
    // "Bearer abc" is repeated by servers as "abc", too.
    if (isSecret) for (const part of [value, value.split(" ").at(-1)]) parts.secrets.add(part);
    headers[name] = value;
  }
  return headers;
}

/** The value of the option, if it can stand in a header; throws a UsageError where it can't. */
export function headerValue(option: string, value: string): string {
  if (VALUE.test(value)) return value;
  throw new UsageError(
    `option ${option}: the value of a header must be one line of printable ASCII characters`,
  );
}

/** The error of a header for which two options stand. */
export function givenTwice(backend: string, name: string): UsageError {
  return new UsageError(`the header ${name} of the ${backend} backend is given twice`);
}

/** An address among the options, and what to say where it can't be read. */
export interface AddressOption {
  backend: string;
  name: string;
  /** How one looks. */
  hint: string;
}

/**
 * The address that the option holds, without its fragment. Throws a UsageError unless it is one of http:
 * or https:, for `fetch` would open a `file:` or `s3:` address just as well. Learns the secrets in its
 * query; a user and password in it are the caller's to take out or refuse.
 */
export function readAddress(
  { backend, name, hint }: AddressOption,
  text: string,
  secrets: Secrets,
): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    const open = text.replace(/\/\/[^/?#]*@/, "//[secret]@").replace(/[?#].*$/s, "");
    throw new UsageError(
      `option ${name} of the ${backend} backend can't be "${oneLine(open, 60)}": it must begin with http:// or https://`,
      hint,
    );
  }
  url.hash = "";
  learnQuery(url, secrets);
  return url;
}

/**
 * Learns the values in the query of an address, as a key often stands there. A plain word or number is
 * one only where its name says so: `api-version=preview` must not be masked in every answer.
 */
function learnQuery(url: URL, secrets: Secrets): void {
  for (const pair of url.search.slice(1).split("&")) {
    const at = pair.indexOf("=");
    const written = pair.slice(at + 1);
    if (PLAIN.test(written) && !CONFIDENTIAL_IN_QUERY.test(pair.slice(0, Math.max(at, 0))))
      continue;
    // In both forms: it need not be written as we would write it.
    secrets.add(written);
    secrets.add(new URLSearchParams(`v=${written}`).get("v") ?? undefined);
  }
}

const PREFIX = "header.";

/** RFC 9110, 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110, 5.5, less bytes above ASCII, of which nobody knows the meaning. */
const VALUE = /^[\t\x20-\x7e]*$/;

/** Ours to set: they say how the message is framed, and who hears the answer. */
const OURS = new Set([
  ...["accept-encoding", "connection", "content-encoding", "content-length", "content-type"],
  ...["expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"],
  ...["a2a-version", "proxy-connection"],
]);

/** Values that are secret also where they are written out on the command line. */
const CONFIDENTIAL = /auth|cookie|key|password|secret|token/;
const CONFIDENTIAL_IN_QUERY = /auth|code|cred|key|pass|pw|secret|sig|token/i;

/** A word, or a number, date or version. */
const PLAIN = /^(?:[a-z]{1,16}|[\d.-]{1,10})$/i;
