/** Config files that somebody has made to do harm: each is read or refused, and soon. */
import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { readYaml } from "../../../src/cli/config/yaml.ts";
import { ConfigLab } from "./config-lab.ts";

setDefaultTimeout(60_000);

const HOSTILE: Record<string, string> = {
  "brackets without end": `tags: ${"[".repeat(60_000)}`,
  "braces without end": "{".repeat(60_000),
  "lists in lists": "- ".repeat(30_000),
  "keys of keys": "? ".repeat(30_000),
  "an alias bomb": `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from(
    { length: 25 },
    (_, i) =>
      `k${i}: &${String.fromCharCode(98 + i)} [${Array(9)
        .fill(`*${String.fromCharCode(97 + i)}`)
        .join(",")}]`,
  ).join("\n")}\n`,
  "an alias of itself": "tags: &a [*a]\n",
  "as many keys as there is room for": Array.from({ length: 8_000 }, (_, i) => `k${i}:`).join("\n"),
  "one key without end": `${"k".repeat(60_000)}: 1\n`,
  "the same key without end": "a:\n".repeat(15_000),
  "an open quote": `label: '${"x\n".repeat(30_000)}`,
  "escapes that are none": `label: "${"\\x".repeat(30_000)}`,
  "a long list": `tags: [${"1,".repeat(30_000)}]`,
  "a long text": `label: ${"x y ".repeat(15_000)}`,
  "deep lines": Array.from({ length: 700 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
  "documents without end": "---\n".repeat(15_000),
  "directives without end": "%A\n".repeat(15_000),
  "tags without end": "!".repeat(60_000),
  "nothing but colons": ":".repeat(60_000),
  "nothing but line ends": "\n".repeat(60_000),
};

for (const [what, yaml] of Object.entries(HOSTILE)) {
  test(`${what} end a command in order`, async () => {
    using lab = new ConfigLab();
    lab.write(lab.project, yaml);
    const { code, err } = await lab.run("idle");
    expect([0, 2]).toContain(code);
    expect(err).not.toContain("internal error");
    // A message is for people, whatever it speaks of.
    expect(err.length).toBeLessThan(2_000);
  });
}

const words = fc.constantFrom(
  ..."count label tags backend_opt : - ? | > [ ] { } , # & * ! % @ ` ' \" --- ... << ~ null true 5 a=1 x \n \r\n \t".split(
    " ",
  ),
  " ",
  "  ",
  "\n  ",
  ": ",
  "__proto__",
  "\u2028",
  "\ufeff",
  "\0",
  "é",
);

test("whatever stands in a file, it is read or refused, and every problem is one line", () => {
  const texts = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.array(words, { maxLength: 25 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(texts, (yaml) => {
      const read = readYaml(yaml);
      const problems = "problem" in read ? [read.problem] : read.problems;
      for (const { message, line } of problems) {
        expect(message).not.toMatch(/[\u0000-\u001f]/);
        if (line !== undefined) expect(line).toBeWithin(1, yaml.split(/\n|\r/).length + 1);
      }
      if ("entries" in read) {
        for (const { key, line, span } of read.entries) {
          expect(key).not.toBe("");
          expect(line).toBeGreaterThan(0);
          expect(span.key[0]).toBeLessThan(span.key[1]);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});

test("whatever stands in a project's file, no command runs by it but with what is free", async () => {
  using lab = new ConfigLab();
  await fc.assert(
    fc.asyncProperty(fc.array(words, { maxLength: 12 }), async (parts) => {
      lab.write(lab.project, `backend: evil\n${parts.join("")}`);
      const { code, values } = await lab.run("work");
      expect(code).toBe(2);
      expect(values).toEqual({});
    }),
    { numRuns: 200 },
  );
});
