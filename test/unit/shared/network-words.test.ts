import { expect, test } from "bun:test";
import { networkWords } from "../../../src/shared/network-words.ts";

const AT = new URL("http://host.example:81/path?key=secret");
const failing = (code: string) => Object.assign(new Error("told by the system"), { code });

test.each([
  ["ECONNREFUSED", "nothing listens at host.example:81"],
  ["ENOTFOUND", "the host name host.example does not resolve"],
  ["EHOSTUNREACH", "there is no way to host.example:81"],
  ["ENETUNREACH", "there is no way to host.example:81"],
])("%s: no request can have arrived", (code, words) => {
  expect(networkWords(AT, failing(code), 0, {})).toEqual({ words, refused: true });
});

test.each([
  ["ECONNRESET", "the connection was cut before the whole answer came"],
  ["ESOMETHING", "ESOMETHING at host.example:81"],
])("%s: it may have arrived", (code, words) => {
  expect(networkWords(AT, failing(code), 0, {})).toEqual({ words, refused: false });
});

test("a proxy that may stand between is told of", () => {
  const { words } = networkWords(AT, failing("ECONNREFUSED"), 0, { HTTP_PROXY: "http://p:1" });
  expect(words).toEndWith("(a proxy is set in the environment)");
});
