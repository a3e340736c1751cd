/** Proxies: which one is taken, as the runtime's own fetch does, and whether it answers. */
import { afterEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { chooseProxy } from "../../../../src/commands/doctor/proxy-choice.ts";
import { Authority } from "../../../harness/certificates.ts";
import { ConnectProxy } from "../../../harness/connect-proxy.ts";
import { freePort } from "../../../harness/port.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { examined, platform } from "./lab.ts";

/** What fetch reads at each call; the doctor is told the same. */
const saved = { ...process.env };
function useProxies(env: Record<string, string>): Record<string, string> {
  for (const name of Object.keys(process.env)) {
    if (/^(http|https|all|no)_proxy$/i.test(name)) delete process.env[name];
  }
  Object.assign(process.env, env);
  return env;
}
afterEach(() => {
  useProxies({});
  for (const [name, value] of Object.entries(saved)) process.env[name] = value;
});

const HTTP = "http://a.example.invalid/";
const HTTPS = "https://a.example.invalid/";
const P = "proxy";
let asked = 0;

describe("the choice is the one that fetch makes", () => {
  test.each<[url: string, env: Record<string, string>]>([
    [HTTP, {}],
    [HTTP, { HTTP_PROXY: P }],
    [HTTP, { http_proxy: P }],
    [HTTP, { HTTPS_PROXY: P }],
    [HTTPS, { HTTP_PROXY: P }],
    [HTTPS, { HTTPS_PROXY: P }],
    [HTTPS, { https_proxy: P }],
    [HTTP, { ALL_PROXY: P }],
    [HTTPS, { all_proxy: P }],
    [HTTP, { http_proxy: "", HTTP_PROXY: P }],
    [HTTP, { HTTP_PROXY: P, NO_PROXY: "" }],
    [HTTP, { HTTP_PROXY: P, NO_PROXY: "a.example.invalid" }],
    [HTTP, { HTTP_PROXY: P, NO_PROXY: "example.invalid" }],
    [HTTP, { HTTP_PROXY: P, NO_PROXY: ".example.invalid" }],
    [HTTP, { HTTP_PROXY: P, NO_PROXY: ".a.example.invalid" }],
    [HTTP, { HTTP_PROXY: P, NO_PROXY: "*.example.invalid" }],
    [HTTP, { HTTP_PROXY: P, NO_PROXY: "ple.invalid" }],
    [HTTP, { HTTP_PROXY: P, NO_PROXY: "*" }],
    [HTTP, { HTTP_PROXY: P, NO_PROXY: "A.EXAMPLE.invalid" }],
    [HTTP, { HTTP_PROXY: P, NO_PROXY: "a.example.invalid:80" }],
    [HTTP, { HTTP_PROXY: P, NO_PROXY: "a.example.invalid:8080" }],
    [HTTP, { HTTP_PROXY: P, NO_PROXY: "example.invalid:80" }],
    [HTTP, { HTTP_PROXY: P, NO_PROXY: " b , a.example.invalid" }],
    [HTTP, { HTTP_PROXY: P, NO_PROXY: "b a.example.invalid" }],
    [HTTP, { HTTP_PROXY: P, NO_PROXY: "10.0.0.0/8" }],
    [HTTP, { HTTP_PROXY: P, no_proxy: "a.example.invalid" }],
    [HTTP, { HTTP_PROXY: P, no_proxy: "", NO_PROXY: "a.example.invalid" }],
    [HTTP, { HTTP_PROXY: P, no_proxy: "x", NO_PROXY: "a.example.invalid" }],
    [HTTP, { HTTP_PROXY: P, no_proxy: "a.example.invalid", NO_PROXY: "x" }],
    ["http://127.0.0.2:9/", { HTTP_PROXY: P, NO_PROXY: "127.0.0.0/31" }],
  ])(
    "for %s with %j",
    async (one, env) => {
      await using proxy = await ConnectProxy.start();
      // A name of its own: an earlier request may be tried again, at a port that is another's by now.
      const label = `a${++asked}`;
      const renamed = (text: string) => text.replace(/\ba(?=\.example)/i, label);
      const url = renamed(one);
      const given = Object.fromEntries(
        Object.entries(env).map(([name, value]) => [
          name,
          value === P ? proxy.url : renamed(value),
        ]),
      );
      useProxies(given);
      await fetch(url, { keepalive: false, signal: AbortSignal.timeout(4_000) }).catch(() => {});
      const isLoopback = url.includes("127.");
      const choice = chooseProxy(new URL(url), given);
      // Loopback addresses are taken out at the start of the program (see shared/proxy.ts).
      if (isLoopback) expect(choice.kind).toBe("exempt");
      else {
        const through = proxy.lines.some((line) => line.includes(label));
        expect(choice.kind === "through").toBe(through);
      }
      // A resolver may take its time to say that there is no such name.
    },
    30_000,
  );

  test("and small letters go before capitals", async () => {
    await using small = await ConnectProxy.start();
    const env = useProxies({ http_proxy: small.url, HTTP_PROXY: "http://127.0.0.1:1" });
    await fetch(HTTP, { keepalive: false }).catch(() => {});
    expect(small.lines).toHaveLength(1);
    expect(chooseProxy(new URL(HTTP), env)).toMatchObject({ variable: "http_proxy" });
  });

  test("and networks are looked at by their bits", () => {
    const via = (host: string, list: string) =>
      chooseProxy(new URL(`http://${host}/`), { HTTP_PROXY: "http://p:1", NO_PROXY: list }).kind;
    expect(via("10.1.2.3", "10.0.0.0/8")).toBe("exempt");
    expect(via("11.1.2.3", "10.0.0.0/8")).toBe("through");
    expect(via("[fd00::1]", "fd00::/8")).toBe("exempt");
    expect(via("10.1.2.3", "10.0.0.0/99")).toBe("through");
    expect(via("10.1.2.3", "fd00::/8")).toBe("through");
    expect(via("10.1.2.3", "2.3")).toBe("through");
  });
});

describe("the proxy", () => {
  test("that does not answer is a failure of its own, and names the variable: exit 4", async () => {
    const env = useProxies({ HTTPS_PROXY: `http://127.0.0.1:${freePort()}` });
    const found = await examined("https://platform.example.invalid", { env });
    expect(found.of("proxy")).toMatchObject({ status: "failed" });
    expect(found.of("proxy").detail).toContain("HTTPS_PROXY");
    expect(found.of("reachable").detail).toBe("the proxy does not answer");
    expect(found.code).toBe(4);
  });

  test("is left to resolve the host, as this machine may not know it", async () => {
    await using proxy = await ConnectProxy.start();
    const env = useProxies({ HTTPS_PROXY: proxy.url });
    const found = await examined("https://platform.example.invalid", { env });
    expect(found.of("dns")).toMatchObject({ status: "skipped" });
    expect(found.of("proxy").status).toBe("ok");
  }, 30_000);

  test("that refuses to connect tells its status, and never the login", async () => {
    await using proxy = await ConnectProxy.start("407 Proxy Authentication Required");
    const env = useProxies({ HTTPS_PROXY: proxy.url.replace("//", "//user:pass-word@") });
    const found = await examined("https://platform.example.invalid", { env });
    expect(found.of("proxy").detail).toContain("with a login");
    expect(found.of("certificate").detail).toContain("refuses to connect (407)");
    expect(found.of("certificate").hint).toContain("login");
    expect(proxy.heads[0]).toContain("Proxy-Authorization: Basic");
    expect(found.stdout).not.toContain("pass-word");
    expect(found.code).toBe(4);
  });

  test("of a kind that is not spoken is exit 2, and one that is no address is a warning", async () => {
    const socks = useProxies({ ALL_PROXY: "socks5://127.0.0.1:1080" });
    const found = await examined("https://127.1.2.3.example.invalid", { env: socks });
    expect(found.of("proxy").detail).toContain("socks5");
    expect(found.code).toBe(2);
    const nonsense = useProxies({ HTTPS_PROXY: "::::" });
    const ignored = await examined("https://platform.example.invalid", { env: nonsense });
    expect(ignored.of("proxy").status).toBe("warning");
  });

  test("does not apply to this machine", async () => {
    using ward = platform();
    const found = await examined(ward.url, { env: { HTTP_PROXY: "http://127.0.0.1:1" } });
    expect(found.of("proxy").detail).toContain("it is this machine");
    expect(found.code).toBe(0);
  });
});

test("--ca-file holds through a proxy, for the look at the certificate and for the calls", async () => {
  const authority = new Authority();
  using folder = tmpFolder();
  const file = join(folder.path, "ca.pem");
  writeFileSync(file, authority.cert);
  // Not 127.0.0.1, which no proxy is asked for.
  const names = ["platform.example.invalid"];
  using ward = platform(undefined, authority.certify({ names }));
  await using proxy = await ConnectProxy.start(undefined, { host: "127.0.0.1", port: ward.port });
  const env = useProxies({ HTTPS_PROXY: proxy.url });
  const url = "https://platform.example.invalid";
  const found = await examined(url, { env, flags: { "ca-file": file } });
  expect(found.of("certificate").status).toBe("ok");
  expect(found.of("reachable").status).toBe("ok");
  expect(found.code).toBe(0);
  expect(
    proxy.lines.every((line) => line === "CONNECT platform.example.invalid:443 HTTP/1.1"),
  ).toBe(true);
  const without = await examined(url, { env });
  expect(without.of("certificate").detail).toContain("not trusted");
});
