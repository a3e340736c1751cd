/** The proxies of the environment, as fetch uses them. */

const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/** Whether a host name is this machine. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === "localhost" ||
    hostname.endsWith(".localhost") ||
    hostname === "[::1]" ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname)
  );
}

/**
 * Takes this machine out of the reach of any proxy, as Go's programs do: fetch would ask a company's
 * proxy for localhost. Changes `env`, which fetch reads at each call.
 */
export function exemptLoopback(env: Record<string, string | undefined>): void {
  if (!PROXY_NAMES.some((name) => env[name])) return;
  const exempt = [env["NO_PROXY"] || env["no_proxy"], ...LOOPBACK].filter((host) => host).join(",");
  // Which of the two spellings wins differs between programs.
  env["NO_PROXY"] = exempt;
  env["no_proxy"] = exempt;
}

/** Whether a proxy may stand between us and this address: to say so in a message. */
export function mayBeProxied(url: URL, env: Record<string, string | undefined>): boolean {
  if (isLoopback(url.hostname)) return false;
  const scheme = url.protocol === "https:" ? /^https|^all/i : /^http_|^all/i;
  return PROXY_NAMES.some((name) => scheme.test(name) && env[name]);
}

const PROXY_NAMES = [
  "HTTP_PROXY",
  "http_proxy",
  "HTTPS_PROXY",
  "https_proxy",
  "ALL_PROXY",
  "all_proxy",
];
