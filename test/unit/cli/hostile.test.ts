import { expect, test } from "bun:test";
import fc from "fast-check";
import { CommandLine } from "../../../src/cli/command-line.ts";
import { resolve } from "../../../src/cli/resolve.ts";
import { UsageError } from "../../../src/shared/errors.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { globals, runSample, sample } from "./sample.ts";

const word = fc.oneof(
  fc.constantFrom(
    "connect",
    "agent",
    "serve",
    "stop",
    "send",
    "list",
    "help",
    "key",
    "w",
    "--",
    "-",
    "",
    "=",
    "-5",
  ),
  fc.constantFrom(
    "--api-url",
    "-n",
    "--count",
    "-v",
    "--no-sound",
    "-o",
    "--help",
    "-h",
    "--token",
  ),
  fc.constantFrom(
    "--version",
    "--port",
    "--quick",
    "--dry-run",
    "--backend-opt",
    "toString",
    "__proto__",
    "--no-",
    "---",
  ),
  fc.constantFrom(
    "-vn",
    "-vh",
    "-n5",
    "--count=",
    "--count=7",
    "--grace=1h",
    "json",
    "--constructor",
  ),
  fc.string({ unit: "binary" }),
  fc.string({ unit: "binary" }).map((text) => `--${text}`),
  fc.string({ unit: "binary" }).map((text) => `-${text}`),
);
const argv = fc.array(word, { maxLength: 12 });
const env = fc.dictionary(
  fc.constantFrom("MOLECULE_COUNT", "MOLECULE_OUTPUT", "MOLECULE_WORKSPACE_TOKEN", "COLUMNS"),
  fc.oneof(fc.constantFrom("", "5", "json", "token-of-it"), fc.string({ unit: "binary" })),
);
const cli = { root: sample(() => undefined), globals, version: "1" };

test("whatever the words and variables, the parser throws nothing but a UsageError", async () => {
  await fc.assert(
    fc.asyncProperty(argv, env, async (words, variables) => {
      const secrets = new Secrets();
      try {
        const line = await new CommandLine(cli, variables, secrets).read(words);
        if (line.command !== undefined) resolve(line, line.command, variables, secrets);
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("whatever the words, the program ends with 0 or 2 and shows no raw control character", async () => {
  await fc.assert(
    fc.asyncProperty(argv, env, async (words, variables) => {
      const { code, out, err, runs } = await runSample(words, variables);
      expect([0, 2]).toContain(code);
      expect(code === 2).toBe(/^(error: |\{"error":\{|error:\n)/.test(err));
      expect(err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      if (code === 2) expect({ out, runs }).toEqual({ out: "", runs: 0 });
    }),
    { numRuns: 300 },
  );
});

test("a secret never shows, wherever the words go wrong", async () => {
  const token = "t0ken-".repeat(20);
  const leaky = fc.oneof(
    word,
    fc.constantFrom(token, `--token=${token}`, `-t${token}`, `-${token}`),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(leaky, { maxLength: 8 }), async (words) => {
      const { out, err } = await runSample(words, { MOLECULE_WORKSPACE_TOKEN: token });
      expect(out + err).not.toContain("t0ken-t0ken-");
    }),
    { numRuns: 1_000 },
  );
});
