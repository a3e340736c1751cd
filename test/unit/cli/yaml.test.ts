import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parse } from "yaml";
import { yamlOf } from "../../../src/cli/yaml.ts";

/** What some reader takes for other than text, or does not read at all. */
const ODD =
  `y|n|Yes|NO|on|Off|true|null|~|=|<<|1_000|1:30|190:20:30|2001-01-01|2001-12-14t21:59:43.10-05:00|0x1f|0o7
|07|0b1|1e3|e5|1.5|.5|.inf|-.INF|.nan|-|- a|? a|: a|#a|a #b|a: b|a:|a:b|%x|@x|\`x|*x|&x|!x|>|[|{|'|"|---|...| a|a ||\\n`
    .replaceAll("\n", "")
    .split("|")
    .concat(
      "|",
      "a\u202eb",
      "\ufeff",
      "\ufffe",
      "\u0085",
      "\u2028",
      "\u001b[2J",
      "a\nb",
      "\u00a0",
      "日本語",
    );

const PLAIN = [
  "online",
  "claude-code",
  "123e4567-e89b-12d3-a456-426614174000",
  "12345678-1234-1234-1234-123456789012",
  "http://localhost:8080/x",
  "me@example.com",
  "Ada Lovelace",
  "日本語",
];

const text = fc.oneof(
  fc.constantFrom(...ODD, ...PLAIN),
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }).map((one) => one.toWellFormed()),
);
// Bun takes a "<<" for a merge even in quotes.
const key = text.filter((one) => one !== "<<");
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0),
    fc.constantFrom(1e21, 1e-7, -1e300, 12, true, false, null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4 }),
  ),
}));

/** The readers that there are, each with the name of the version that it reads. */
const READERS: [string, (text: string) => unknown][] = [
  ["Bun", (yaml) => Bun.YAML.parse(yaml)],
  ["yaml 1.1", (yaml) => parse(yaml, { version: "1.1" })],
  ["yaml 1.2", (yaml) => parse(yaml)],
];

describe("data as YAML", () => {
  test.each(READERS)("say the same to %s", (_, read) => {
    for (const one of [...ODD, ...PLAIN])
      expect(read(yamlOf({ a: one, b: [one] }))).toEqual({ a: one, b: [one] });
    fc.assert(
      fc.property(value, (data) => {
        const plain: unknown = JSON.parse(JSON.stringify(data));
        expect(JSON.stringify(read(yamlOf(plain)))).toBe(JSON.stringify(plain));
      }),
      { numRuns: 300 },
    );
  });

  test("quote what a reader may take for other than text, and nothing that none does", () => {
    for (const one of ODD.filter((text) => !["a:b", "日本語"].includes(text))) {
      expect(yamlOf(one)).toStartWith('"');
      expect(yamlOf({ [one]: 1 })).toStartWith('"');
    }
    for (const one of PLAIN) expect(yamlOf(one)).toBe(one);
  });

  test("hold no character that moves the cursor or turns the line around", () => {
    fc.assert(
      fc.property(value, (data) => {
        expect(yamlOf(data)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2066]/);
      }),
    );
  });

  test("have keys of any length", () => {
    const data = { ["k ".repeat(2_000)]: { a: [1] }, ["l".repeat(2_000)]: "x", b: [[], {}, [[1]]] };
    for (const [, read] of READERS) expect(read(yamlOf(data))).toEqual(data);
  });

  test("have no half characters", () => {
    expect(Bun.YAML.parse(yamlOf(["\ud800"]))).toEqual(["\ufffd"]);
  });
});

const python = Bun.which("python3");
const hasYaml =
  python !== null &&
  Bun.spawnSync([python, "-c", "import yaml"], { stdio: ["ignore", "ignore", "ignore"] }).success;

test.skipIf(!hasYaml)("a reader of version 1.1 in another language agrees", async () => {
  const samples = [...fc.sample(value, 300), ...ODD, ...PLAIN].map((one) =>
    JSON.parse(JSON.stringify(one)),
  );
  const child = Bun.spawn([python ?? "", "-c", CHECK], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  child.stdin.write(JSON.stringify(samples.map((one) => [yamlOf({ a: one }), { a: one }])));
  await child.stdin.end();
  expect(await new Response(child.stdout).text()).toBe("[]\n");
});

const CHECK = `
import json, sys, yaml
print([text for text, data in json.load(sys.stdin) if yaml.safe_load(text) != data])
`;
