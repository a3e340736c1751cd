/** What the options of the http backend say, checked before anything is sent. */
import { UsageError } from "../../shared/errors.ts";
import type { BackendParts, OptionValues } from "../backend.ts";
import { type AddressOption, readAddress, readHeaders } from "../http-login.ts";

/** The options, read. */
export interface HttpSettings {
  /** Without credentials and fragment. */
  url: URL;
  /** The url as messages may show it: a query may hold a key. */
  shown: string;
  /** The operator's own, by lower-case name. */
  headers: Record<string, string>;
  format: "a2a" | "raw";
  protocol: "auto" | "0.3" | "1.0";
  timeoutMs: number;
  /** Bytes of text. */
  maxAnswer: number;
  /** Whether a conversation goes on where it ended. */
  remembers: boolean;
}

/** Throws a UsageError that names the option and what is wrong with it. Learns the secrets in it. */
export function readSettings(
  options: OptionValues,
  parts: Pick<BackendParts, "env" | "secrets">,
): HttpSettings {
  const { url, authorization } = readUrl(String(options.url), parts);
  const headers = readHeaders("http", options, parts);
  if (authorization !== undefined && headers["authorization"] !== undefined) {
    throw new UsageError(
      "the http backend is given two ways to log in: a user in its url, and header.Authorization",
      "leave one of them out",
    );
  }
  return {
    url,
    shown: `${url.origin}${url.pathname}`,
    headers: authorization === undefined ? headers : { ...headers, authorization },
    format: options.format === "raw" ? "raw" : "a2a",
    protocol: options.protocol === "0.3" || options.protocol === "1.0" ? options.protocol : "auto",
    timeoutMs: Number(options.timeout),
    maxAnswer: Number(options.max_answer),
    remembers: options.session === "conversation",
  };
}

const URL_OPTION: AddressOption = {
  backend: "http",
  name: "url",
  hint: "for an agent on this machine: --backend-opt url=http://localhost:PORT/PATH",
};

function readUrl(
  text: string,
  { secrets }: Pick<BackendParts, "secrets">,
): { url: URL; authorization: string | undefined } {
  const url = readAddress(URL_OPTION, text, secrets);
  const user = decoded(url.username);
  const password = decoded(url.password);
  if (user === "" && password === "") return { url, authorization: undefined };
  url.username = "";
  url.password = "";
  const pair = `${user}:${password}`;
  // A user without a password is a token, most often.
  secrets.add(password === "" ? user : password);
  secrets.add(pair);
  const authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
  return { url, authorization };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
