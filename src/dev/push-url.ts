/** Which addresses the platform sends to (contract 5.3): none that would reach into its own net. */
import { isIP } from "node:net";
import { blockList } from "../shared/block-list.ts";

/**
 * Why the platform would not send to this URL; undefined when it would. Every address of a host
 * name counts. `loopback` allows this machine: the contract lets that pass in development only,
 * where agents and platform share one. The name `localhost` passes either way.
 */
export async function urlProblem(
  text: string,
  { loopback }: { loopback: boolean } = { loopback: false },
): Promise<string | undefined> {
  const url = URL.parse(text);
  if (url === null) return "not a URL";
  if (url.protocol !== "http:" && url.protocol !== "https:") return "not an http or https URL";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (host === "localhost") return undefined;
  const addresses = isIP(host) === 0 ? await resolve(host) : [host];
  if (addresses.length === 0) return "its host name does not resolve";
  for (const address of addresses) {
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (LOOPBACK.check(address, family) ? !loopback : PRIVATE.check(address, family)) {
      return "its address is not publicly routable";
    }
  }
  return undefined;
}

const LOOPBACK = blockList(["127.0.0.0/8", "::1/128"]);

const PRIVATE = blockList([
  // Unspecified addresses: the system takes them for this machine.
  ...["0.0.0.0/8", "::/128"],
  // Private networks (RFC 1918, RFC 4193) and link-local addresses, cloud metadata among them.
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "169.254.0.0/16", "fe80::/10"],
  // Shared carrier space, documentation, multicast.
  ...["100.64.0.0/10", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"],
  "224.0.0.0/4",
]);

async function resolve(host: string): Promise<string[]> {
  try {
    return (await Bun.dns.lookup(host)).map(({ address }) => address);
  } catch {
    return [];
  }
}
