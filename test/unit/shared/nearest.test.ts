import { expect, test } from "bun:test";
import fc from "fast-check";
import { nearest } from "../../../src/shared/nearest.ts";

const COMMANDS = ["connect", "workspace", "agent", "platform", "config", "version"];

test.each([
  ["connect", "connect"],
  ["conect", "connect"],
  ["connnect", "connect"],
  ["konnect", "connect"],
  ["cnonetc", "connect"],
  ["agnet", "agent"],
  ["work", "workspace"],
  ["ver", "version"],
  ["platfrom", "platform"],
])("%s most likely means %s", (word, meant) => {
  expect(nearest(word, COMMANDS)).toBe(meant);
});

test.each(["", "xyz", "co", "a", "frobnicate", "connect-everything-at-once", "toString"])(
  "%j is like none of them",
  (word) => {
    expect(nearest(word, COMMANDS)).toBeUndefined();
  },
);

test("one letter too many or too few is one mistake", () => {
  expect(nearest("ab", ["abc"])).toBe("abc");
  expect(nearest("abc", ["bc"])).toBe("bc");
  expect(nearest("ab", ["abcd"])).toBeUndefined();
  expect(nearest("abc", ["c"])).toBeUndefined();
});

test("two neighbours swapped are one mistake", () => {
  expect(nearest("ab", ["ba"])).toBe("ba");
  expect(nearest("ab", ["cd"])).toBeUndefined();
});

test("the nearest is taken, and of equals the first", () => {
  expect(nearest("--token-fil", ["--token", "--token-file"])).toBe("--token-file");
  expect(nearest("cat", ["bat", "hat"])).toBe("bat");
});

test("the beginning of a word means that word, however long it is", () => {
  expect(nearest("interv", ["interval-milliseconds", "internet"])).toBe("interval-milliseconds");
});

test("no candidates, no answer", () => {
  expect(nearest("word", [])).toBeUndefined();
});

test("what is there is always its own nearest, and whatever is found is a candidate", () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 30 }),
      fc.array(fc.string({ maxLength: 30 })),
      (word, all) => {
        expect(nearest(word, [...all, word])).toBeDefined();
        const found = nearest(word, all);
        expect(found === undefined || all.includes(found)).toBe(true);
      },
    ),
  );
});
