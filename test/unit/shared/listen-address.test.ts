/** Addresses on this machine. */
import { expect, test } from "bun:test";
import { formatListen, isLoopback, parseListen } from "../../../src/shared/listen-address.ts";

test("an address is read, and written as it was read", () => {
  for (const text of ["127.0.0.1:8787", "[::1]:0", "localhost:80", "a-b.c_d:65535"]) {
    const address = parseListen(text);
    expect(address === undefined ? undefined : formatListen(address)).toBe(text);
  }
  for (const text of [
    "",
    "80",
    ":80",
    "host",
    "host:",
    "host:65536",
    "::1:80",
    "[x]:80",
    "a b:1",
  ]) {
    expect(parseListen(text)).toBeUndefined();
  }
});

test("what nobody else can reach is loopback, however it is written", () => {
  for (const hostname of [
    "127.0.0.1",
    "127.9.9.9",
    "127.1",
    "::1",
    "0:0:0:0:0:0:0:1",
    "localhost",
  ]) {
    expect({ hostname, is: isLoopback({ hostname }) }).toEqual({ hostname, is: true });
  }
  expect(isLoopback({ hostname: "a.LOCALHOST" })).toBe(true);
  for (const hostname of ["0.0.0.0", "::", "10.0.0.1", "localhost.example", "127.0.0.1.nip.io"]) {
    expect({ hostname, is: isLoopback({ hostname }) }).toEqual({ hostname, is: false });
  }
});
