/** `--listen` and `--public-url` as they are written. */
import { describe, expect, test } from "bun:test";
import { formatListen, parseListen } from "../../../src/push/listen-address.ts";
import { doubtsAbout, parsePublicUrl, showPublicUrl } from "../../../src/push/public-url.ts";
import { UsageError } from "../../../src/shared/errors.ts";

test.each([
  ["127.0.0.1:8787", { hostname: "127.0.0.1", port: 8787 }],
  ["localhost:0", { hostname: "localhost", port: 0 }],
  ["0.0.0.0:65535", { hostname: "0.0.0.0", port: 65_535 }],
  ["[::1]:80", { hostname: "::1", port: 80 }],
  ["my-host_1.example:1", { hostname: "my-host_1.example", port: 1 }],
])("%s is an address to listen on", (text, address) => {
  expect(parseListen(text)).toEqual(address);
  expect(formatListen(address)).toBe(text);
});

test.each([
  ...["", "8787", ":8787", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1"],
  ...["127.0.0.1:8787 ", "http://127.0.0.1:8787", "::1:80", "[::1]", "[nonsense]:80", "a b:80"],
  ...["[]:80", "127.0.0.1:8787/x", "999.1.1.1:80", "127.0.0.1:123456"],
])("%p is none", (text) => {
  expect(parseListen(text)).toBeUndefined();
});

test.each([
  ["https://agent.example.com", "https://agent.example.com"],
  ["https://agent.example.com/", "https://agent.example.com"],
  ["http://example.com:8080/a/b//", "http://example.com:8080/a/b"],
  ["HTTPS://Example.com", "https://example.com"],
])("the public address %s is %s", (text, shown) => {
  expect(showPublicUrl(parsePublicUrl(text))).toBe(shown);
});

test.each([
  ["agent.example.com", "must be a URL"],
  ["", "must be a URL"],
  ["ftp://example.com", "must begin with http"],
  ["file:///etc/passwd", "must begin with http"],
  ["https://user:hunter2@example.com", "must not hold a user name or password"],
  ["https://example.com?a=hunter2", 'must end before any "?"'],
  ["https://example.com?", 'must end before any "?"'],
  ["https://example.com/#a", 'must end before any "?"'],
])("the public address %p is refused in words: %s", (text, words) => {
  let error: unknown;
  try {
    parsePublicUrl(text);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(UsageError);
  expect(String(error)).toContain(words);
  expect(String(error)).not.toContain("hunter2");
});

describe("what a platform may have against an address", () => {
  const doubts = (publicUrl: string, apiUrl = "https://tenant.example.com") =>
    doubtsAbout(new URL(publicUrl), new URL(apiUrl)).join("\n");

  test.each([
    ...["http://localhost", "https://127.0.0.1", "https://127.9.9.9", "https://[::1]"],
    ...["https://0.0.0.0", "https://agent.localhost"],
  ])("%s is this machine's own", (url) => {
    expect(doubts(url)).toContain("is this machine's own: the platform at tenant.example.com");
  });

  test.each([
    ...["https://10.1.2.3", "https://172.16.0.1", "https://192.168.1.1", "https://169.254.1.1"],
    ...["https://100.64.0.1", "https://192.0.2.1", "https://224.0.0.1", "https://[fd00::1]"],
    ...["https://[fe80::1]", "https://[2001:db8::1]"],
  ])("%s is of a private network", (url) => {
    expect(doubts(url)).toContain("is of a private network");
  });

  test("plain http is told, https to a name or a public address is not", () => {
    expect(doubts("http://agent.example.com")).toContain("https keeps them private");
    expect(doubts("https://agent.example.com")).toBe("");
    expect(doubts("https://8.8.8.8")).toBe("");
    expect(doubts("https://172.32.0.1")).toBe("");
  });

  test("a platform on this machine may be told any", () => {
    expect(doubts("http://127.0.0.1:8787", "http://localhost:8080")).toBe("");
    expect(doubts("http://10.0.0.1", "http://[::1]:8080")).toBe("");
  });
});
