/** Changes to a config file: one key changes, and everything else stays as it was. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { lineOf, setKey, unsetKey } from "../../../src/cli/config/edit.ts";
import { readYaml } from "../../../src/cli/config/yaml.ts";
import { flag } from "../../../src/cli/flag.ts";

const text = flag({ type: "string", summary: "x" });
const number = flag({ type: "integer", summary: "x" });
const list = flag({ type: "strings", summary: "x" });

const FILE = `# mine
api_url:   'http://x'   # where

# what answers
backend_opt:
  - a=1
  - b=2   # two

# last
count: 5
`;

describe("setting a key", () => {
  test("replaces the value and keeps the comment behind it", () => {
    expect(setKey(FILE, "api_url", text, ["http://y"])).toBe(
      FILE.replace("api_url:   'http://x'   # where", "api_url: http://y   # where"),
    );
    expect(setKey(FILE, "count", number, ["7"])).toBe(FILE.replace("count: 5", "count: 7"));
  });

  test("replaces a list as a whole", () => {
    expect(setKey(FILE, "backend_opt", list, ["c=3"])).toBe(
      FILE.replace("  - a=1\n  - b=2   # two\n", "  - c=3\n"),
    );
  });

  const cases: [what: string, before: string, key: string, value: string[], after: string][] = [
    ["in an empty file", "", "a", ["x"], "a: x\n"],
    ["behind comments", "# only\n", "a", ["x"], "# only\na: x\n"],
    ["behind a last line without its end", "b: 1", "a", ["x"], "b: 1\na: x\n"],
    ["that had no value", "a:\nb: 1\n", "a", ["x"], "a: x\nb: 1\n"],
    ["that was a text of many lines", "a: |\n  p\n  q\n\nb: 1\n", "a", ["x"], "a: x\n\nb: 1\n"],
    ["that was there twice", "a: 1\nb: 2\na: 3\n", "a", ["x"], "a: x\nb: 2\n"],
    ["in a mapping between braces", "{a: 1, b: 2}", "a", ["x"], "{a: x, b: 2}"],
    ["that is new between braces", "{a: 1}\n", "b", ["x"], "{ a: 1, b: x }\n"],
    ["before the mark of the end", "a: 1\n...\n", "b", ["x"], "a: 1\nb: x\n...\n"],
    ["where lines end as on Windows", "a: 1\r\nb: 2\r\n", "a", ["x"], "a: x\r\nb: 2\r\n"],
    ["where lines are indented", "  a: 1\n", "b", ["x"], "a: 1\nb: x\n"],
  ];
  for (const [what, before, key, value, after] of cases) {
    test(what, () => expect(setKey(before, key, text, value)).toBe(after));
  }

  test("puts quotes where YAML would take a text for something else", () => {
    const written = ["5", "true", "null", "~", "a: b", "a #b", " a", "- a", "*a", "", "'"].map(
      (value) => lineOf("k", text, [value]),
    );
    for (const line of written) expect(line).toMatch(/^k: (".*"|'.*')$/);
    expect(lineOf("k", text, ["http://x.y/z?a=b"])).toBe("k: http://x.y/z?a=b");
    expect(lineOf("k", list, ["cmd=a\nb"])).toBe('k:\n  - "cmd=a\\nb"');
  });

  test("is refused in a text that is no mapping", () => {
    expect(() => setKey("- a\n", "b", text, ["x"])).toThrow(
      "it must be lines of the form key: value",
    );
    expect(() => setKey("a: [\n", "b", text, ["x"])).toThrow("a bracket is not closed");
  });
});

describe("removing a key", () => {
  test("takes its lines, and no others", () => {
    expect(unsetKey(FILE, "backend_opt")).toBe(
      FILE.replace("backend_opt:\n  - a=1\n  - b=2   # two\n", ""),
    );
    expect(unsetKey(FILE, "api_url")).toBe(FILE.replace("api_url:   'http://x'   # where\n", ""));
    expect(unsetKey("a: 1", "a")).toBe("");
    expect(unsetKey("a: 1\nb: 2\na: 3\n", "a")).toBe("b: 2\n");
    expect(unsetKey("{a: 1, b: 2}\n", "a")).toBe("{ b: 2 }\n");
  });

  test("finds nothing where it is not", () => expect(unsetKey(FILE, "nope")).toBeUndefined());
});

describe("whatever is in the file and is set", () => {
  const key = fc.stringMatching(/^[a-z]{1,3}$/);
  const value = fc
    .oneof(
      fc.string({ minLength: 1 }),
      fc.string({ unit: "grapheme", minLength: 1 }),
      fc.constantFrom(
        "null",
        "5",
        "- a",
        "a: b",
        "#",
        "'",
        '"',
        "|",
        ">",
        "%a",
        "@",
        "`",
        "&a",
        "*a",
      ),
    )
    .filter((one) => !/[\u0000-\u0008\u000b-\u001f\u007f]/.test(one) && one.isWellFormed());
  const noise = fc.constantFrom("", "# note\n", "\n", "  # deeper\n");
  const file = fc
    .array(fc.tuple(noise, key, value), { maxLength: 6 })
    .map((lines) =>
      lines.map(([before, k, v]) => `${before}${lineOf(k, text, [v])} # end\n`).join(""),
    );
  const valuesOf = (yaml: string) => {
    const read = readYaml(yaml);
    if (!("entries" in read)) throw new Error(read.problem.message);
    return read.entries.map((one) => [one.key, one.value] as const);
  };
  const comments = (yaml: string) => yaml.split("\n").filter((line) => /^\s*#/.test(line));

  test("it is read back as it was set, and the rest is read as before", () => {
    fc.assert(
      fc.property(
        file,
        key,
        fc.array(value, { minLength: 1, maxLength: 3 }),
        (before, k, texts) => {
          const isList = texts.length > 1;
          const after = setKey(before, k, isList ? list : text, texts);
          const mine = valuesOf(after).filter(([one]) => one === k);
          expect(mine).toEqual([
            [k, isList ? { kind: "list", texts } : { kind: "text", text: texts[0] ?? "" }],
          ]);
          const others = (yaml: string) => valuesOf(yaml).filter(([one]) => one !== k);
          expect(others(after)).toEqual(others(before));
          for (const comment of comments(before)) expect(comments(after)).toContain(comment);
          const without = unsetKey(after, k) ?? "";
          expect(valuesOf(without)).toEqual(others(before));
          expect(comments(without)).toEqual(comments(after));
        },
      ),
      { numRuns: 300 },
    );
  });
});
