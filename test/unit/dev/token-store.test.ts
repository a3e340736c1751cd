import { expect, test } from "bun:test";
import { randomToken } from "../../../src/dev/token-store.ts";

test("a token can be given as a word of a command line, and is another one each time", () => {
  const tokens = Array.from({ length: 2_000 }, randomToken);
  expect(tokens.filter((token) => !/^[A-Za-z0-9_][A-Za-z0-9_-]{42}$/.test(token))).toEqual([]);
  expect(new Set(tokens).size).toBe(tokens.length);
});
