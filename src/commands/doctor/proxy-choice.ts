/** Which proxy of the environment the runtime's fetch takes for an address: as it was measured. */
import { BlockList, isIP, isIPv4 } from "node:net";
import type { Env } from "../../cli/command.ts";
import { isLoopback } from "../../shared/proxy.ts";

export type ProxyChoice =
  | { kind: "none" }
  /** A proxy is set, but the address is taken out: by being this machine (undefined), or by a variable. */
  | { kind: "exempt"; variable: string; by: string | undefined }
  /** `address` is undefined where the value is none; it is ignored then. */
  | { kind: "through"; variable: string; address: URL | undefined };

/** An empty variable counts as unset, and small letters go before capitals. */
export function chooseProxy(url: URL, env: Env): ProxyChoice {
  const scheme = url.protocol === "https:" ? "https_proxy" : "http_proxy";
  const variable = firstSet(env, [scheme, scheme.toUpperCase(), "all_proxy", "ALL_PROXY"]);
  if (variable === undefined) return { kind: "none" };
  if (isLoopback(url.hostname)) return { kind: "exempt", variable, by: undefined };
  const by = firstSet(env, ["no_proxy", "NO_PROXY"]);
  if (by !== undefined && isExempt(url, env[by] ?? "")) return { kind: "exempt", variable, by };
  return { kind: "through", variable, address: addressOf(env[variable] ?? "") };
}

/** Host and port of a URL; an IPv6 address without its brackets. */
export function endOf(url: URL): { host: string; port: number } {
  const port = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port };
}

/** The login in a URL, as it is meant; undefined where there is none. */
export function loginOf({
  username,
  password,
}: URL): { user: string; password: string } | undefined {
  if (username === "" && password === "") return undefined;
  return { user: decoded(username), password: decoded(password) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function firstSet(env: Env, names: readonly string[]): string | undefined {
  return names.find((name) => env[name]);
}

/** `example.com:3128` stands for `http://example.com:3128`. */
function addressOf(text: string): URL | undefined {
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  return url === null || url.hostname === "" ? undefined : url;
}

/** Names with all below them, `*`, addresses, networks, and any of these but the last with a port. */
function isExempt(url: URL, list: string): boolean {
  const { host, port } = endOf(url);
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .some((entry) => matches(host.toLowerCase(), port, entry.toLowerCase()));
}

function matches(host: string, port: number, entry: string): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return isInNetwork(host, entry);
  const [, name = entry, only] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  if (only !== undefined && Number(only) !== port) return false;
  const bare = name.replace(/^\*?\./, "").replace(/^\[|\]$/g, "");
  return host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`));
}

function isInNetwork(host: string, entry: string): boolean {
  const [network = "", bits = ""] = entry.split("/");
  if (isIP(host) === 0 || isIP(host) !== isIP(network) || !/^\d{1,3}$/.test(bits)) return false;
  const family = isIPv4(host) ? "ipv4" : "ipv6";
  if (Number(bits) > (family === "ipv4" ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(host, family);
}
