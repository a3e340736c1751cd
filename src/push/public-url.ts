/** `--public-url`: the address under which the platform reaches this machine (contract 5.3). */
import { isIP } from "node:net";
import { blockList } from "../shared/block-list.ts";
import { UsageError } from "../shared/errors.ts";

const HINT = "It looks like https://agent.example.com or https://example.com/agent.";

/**
 * Checks the address: http or https, without credentials, query or fragment. A path is kept, less the
 * slashes at its end. Throws a UsageError, which never shows what it refuses.
 */
export function parsePublicUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw new UsageError("--public-url must be a URL", HINT);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new UsageError("--public-url must begin with http:// or https://", HINT);
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError("--public-url must not hold a user name or password", HINT);
  }
  if (/[?#]/.test(text)) {
    throw new UsageError('--public-url must end before any "?" or "#"', HINT);
  }
  url.pathname = url.pathname.replace(/\/+$/, "");
  return url;
}

/** As it is shown, without the slash that a URL without a path has. */
export function showPublicUrl(url: URL): string {
  return url.href.replace(/\/+$/, "");
}

/**
 * What the platform at `apiUrl` may have against the address, in sentences for the operator. Only what
 * can be told without asking anyone: addresses written as numbers, and `localhost`.
 */
export function doubtsAbout(url: URL, apiUrl: URL): string[] {
  if (isLocal(hostOf(apiUrl))) return [];
  const doubts: string[] = [];
  const host = hostOf(url);
  const shown = showPublicUrl(url);
  if (isLocal(host)) {
    doubts.push(
      `the public address ${shown} is this machine's own: the platform at ${apiUrl.host} can't reach it`,
    );
  } else if (isIP(host) !== 0 && PRIVATE.check(host, isIP(host) === 6 ? "ipv6" : "ipv4")) {
    doubts.push(
      `the public address ${shown} is of a private network: a platform elsewhere refuses to call it`,
    );
  }
  if (url.protocol === "http:" && !isLocal(host)) {
    doubts.push(
      `the public address ${shown} is plain http: who listens on the way can read the messages; https keeps them private`,
    );
  }
  return doubts;
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

function isLocal(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  return isIP(host) !== 0 && LOOPBACK.check(host, isIP(host) === 6 ? "ipv6" : "ipv4");
}

const LOOPBACK = blockList(["127.0.0.0/8", "::1/128", "0.0.0.0/8", "::/128"]);

const PRIVATE = blockList([
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "169.254.0.0/16", "fe80::/10"],
  ...["100.64.0.0/10", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"],
  "224.0.0.0/4",
]);
