import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { splitWords } from "../../../../src/backends/process/words.ts";
import { anyText } from "../support.ts";

setDefaultTimeout(60_000);

test.each<[string, string[]]>([
  ["", []],
  ["   ", []],
  ["--model opus", ["--model", "opus"]],
  ["  a\t b\n", ["a", "b"]],
  ["'a b' \"c d\"", ["a b", "c d"]],
  ["--x='a b'c", ["--x=a bc"]],
  ["'' \"\"", ["", ""]],
  ["a\\ b", ["a b"]],
  ["'a\\b' \"a\\b\" a\\b", ["a\\b", "a\\b", "ab"]],
  ['"a\\"b\\\\c"', ['a"b\\c']],
  ["'$HOME' $HOME * `id`", ["$HOME", "$HOME", "*", "`id`"]],
  ['"it\'s" \'say "hi"\'', ["it's", 'say "hi"']],
])("%j", (line, words) => {
  expect(splitWords(line)).toEqual(words);
});

test.each(["'a", '"a', "a\\", '"a\\"', "a 'b\" c"])("%j is not closed", (line) => {
  expect(splitWords(line)).toBeUndefined();
});

test("words quoted as a shell wants it come back as they were", () => {
  const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  fc.assert(
    fc.property(fc.array(anyText()), (words) => {
      expect(splitWords(words.map(quote).join(" "))).toEqual(words);
    }),
  );
});
