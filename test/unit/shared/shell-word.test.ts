import { expect, test } from "bun:test";
import fc from "fast-check";
import { shellQuoted, shellWord } from "../../../src/shared/shell-word.ts";
import { onPosix } from "../../harness/platform.ts";

test("a path that needs no quotes stays bare", () => {
  expect(shellWord("/home/me/.config/a-b_c@d%e+f=g:h,i")).toBe(
    "/home/me/.config/a-b_c@d%e+f=g:h,i",
  );
  expect(shellQuoted("/home/me")).toBe("'/home/me'");
});

test.each([
  ["", "''"],
  ["~/a", "'~/a'"],
  ["my file", "'my file'"],
  ["it's", "'it'\\''s'"],
])("%j becomes %s", (text, word) => {
  expect(shellWord(text)).toBe(word);
});

onPosix("there is no sh").test("a shell reads any text back as one word", () => {
  const part = fc.oneof(
    fc.constantFrom(..."'\"`$\\~*?[]{}()<>|&;!# \n\t"),
    fc.constantFrom("$(false)", "'\\''", "${HOME}"),
    fc.string({ unit: "grapheme", maxLength: 3 }),
  );
  const text = fc.array(part, { maxLength: 8 }).map((parts) => parts.join("").replaceAll("\0", ""));
  fc.assert(
    fc.property(fc.array(text, { minLength: 20, maxLength: 20 }), (texts) => {
      const words = texts.map((one, i) => (i % 2 === 0 ? shellQuoted(one) : shellWord(one)));
      const program = `printf '%s\\0' ${words.join(" ")}`;
      const { stdout } = Bun.spawnSync(["sh", "-c", program]);
      expect(stdout.toString().split("\0")).toEqual([...texts, ""]);
    }),
    { numRuns: 20 },
  );
});
