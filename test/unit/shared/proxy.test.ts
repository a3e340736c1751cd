import { describe, expect, test } from "bun:test";
import { exemptLoopback, isLoopback, mayBeProxied } from "../../../src/shared/proxy.ts";

type Env = Record<string, string | undefined>;
const PROXY = "http://proxy.example.com:3128";

test.each([
  ["localhost", true],
  ["dev.localhost", true],
  ["127.0.0.1", true],
  ["127.8.9.1", true],
  ["[::1]", true],
  ["10.0.0.1", false],
  ["127.example.com", false],
  ["localhost.example.com", false],
  ["notlocalhost", false],
  ["[::2]", false],
  ["0.0.0.0", false],
])("%s is this machine: %p", (host, is) => {
  expect(isLoopback(new URL(`http://${host}`).hostname)).toBe(is);
});

describe("where a proxy is set", () => {
  const names = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
  ];

  test.each(names)("by %s, this machine is taken out of its reach", (name) => {
    const env: Env = { [name]: PROXY };
    exemptLoopback(env);
    expect(env).toEqual({
      [name]: PROXY,
      NO_PROXY: "localhost,127.0.0.1,::1",
      no_proxy: "localhost,127.0.0.1,::1",
    });
  });

  test.each(["NO_PROXY", "no_proxy"])("what %s says already is kept", (name) => {
    const env: Env = { HTTP_PROXY: PROXY, [name]: "a.example.com,.b.example.com" };
    exemptLoopback(env);
    const both = "a.example.com,.b.example.com,localhost,127.0.0.1,::1";
    expect(env).toMatchObject({ NO_PROXY: both, no_proxy: both });
  });
});

test.each<[Env]>([[{}], [{ HTTP_PROXY: "" }], [{ NO_PROXY: "a.example.com" }], [{ OTHER: "1" }]])(
  "where none is set, nothing is changed: %j",
  (env) => {
    const before = { ...env };
    exemptLoopback(env);
    expect(env).toEqual(before);
  },
);

describe("a proxy is told of", () => {
  test.each<[string, Env, boolean]>([
    ["https://tenant.example.com", { HTTPS_PROXY: PROXY }, true],
    ["https://tenant.example.com", { https_proxy: PROXY }, true],
    ["https://tenant.example.com", { ALL_PROXY: PROXY }, true],
    ["https://tenant.example.com", { HTTP_PROXY: PROXY }, false],
    ["http://tenant.example.com", { HTTP_PROXY: PROXY }, true],
    ["http://tenant.example.com", { http_proxy: PROXY }, true],
    ["http://tenant.example.com", { all_proxy: PROXY }, true],
    ["http://tenant.example.com", { HTTPS_PROXY: PROXY }, false],
    ["http://tenant.example.com", { HTTP_PROXY: "" }, false],
    ["http://tenant.example.com", {}, false],
    ["http://localhost:8080", { HTTP_PROXY: PROXY, ALL_PROXY: PROXY }, false],
  ])("at %s with %j: %p", (url, env, told) => {
    expect(mayBeProxied(new URL(url), env)).toBe(told);
  });
});
