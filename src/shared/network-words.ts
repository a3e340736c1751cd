/** A request that got no answer, in words. */
import { formatDuration } from "./duration.ts";
import { codeOf, messageOf } from "./errors.ts";
import { mayBeProxied } from "./proxy.ts";
import { oneLine } from "./text.ts";

/**
 * What is wrong, in a few words that name the address; `refused` where no request can have arrived.
 * `ms`: the deadline that was set. `env`: to say where a proxy may stand between.
 */
export function networkWords(
  url: URL,
  error: unknown,
  ms: number,
  env: Record<string, string | undefined>,
): { words: string; refused: boolean } {
  const code = codeOf(error);
  const proxied = mayBeProxied(url, env) ? " (a proxy is set in the environment)" : "";
  if (error instanceof Error && error.name === "TimeoutError") {
    return { words: `no answer within ${formatDuration(ms)}${proxied}`, refused: false };
  }
  switch (code) {
    case "ECONNREFUSED":
    case "ConnectionRefused":
      return { words: `nothing listens at ${url.host}${proxied}`, refused: true };
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return { words: `the host name ${url.hostname} does not resolve${proxied}`, refused: true };
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return { words: `there is no way to ${url.host}${proxied}`, refused: true };
    case "ECONNRESET":
      return {
        words: `the connection was cut before the whole answer came${proxied}`,
        refused: false,
      };
    case "ERR_PROXY_TUNNEL":
      return { words: `the proxy refused: ${oneLine(messageOf(error))}`, refused: true };
    case "EPROTO":
      return { words: `${url.host} does not speak TLS; is it http://?`, refused: true };
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return {
        words: `the certificate of ${url.host} is not trusted (${code}); NODE_EXTRA_CA_CERTS, or --ca-file for the platform, names a file with more authorities`,
        refused: true,
      };
    case "CERT_HAS_EXPIRED":
      return { words: `the certificate of ${url.host} has expired`, refused: true };
    case "CERT_NOT_YET_VALID":
      return {
        words: `the certificate of ${url.host} is not valid yet; is the clock of this machine right?`,
        refused: true,
      };
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return { words: `the certificate is not for the name ${url.hostname}`, refused: true };
    default:
      return { words: `${code ?? "failed"} at ${url.host}${proxied}`, refused: false };
  }
}
