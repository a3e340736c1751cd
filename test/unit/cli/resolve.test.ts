import { describe, expect, test } from "bun:test";
import type { Command, Source } from "../../../src/cli/command.ts";
import { CommandLine } from "../../../src/cli/command-line.ts";
import { resolve } from "../../../src/cli/resolve.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { globals, runSample, sample } from "./sample.ts";

describe("a value comes from the flag, else the variable, else the default", () => {
  const cases: [argv: string, env: Record<string, string>, value: unknown, source: Source][] = [
    ["", {}, 5, "default"],
    ["", { MOLECULE_COUNT: "7" }, 7, "env"],
    ["", { MOLECULE_COUNT: "" }, 5, "default"],
    ["--count 5", {}, 5, "flag"],
    ["--count 9", { MOLECULE_COUNT: "7" }, 9, "flag"],
    ["--count 9", { MOLECULE_COUNT: "not looked at" }, 9, "flag"],
  ];

  for (const [argv, env, value, source] of cases) {
    test(`'${argv}' with ${JSON.stringify(env)}`, async () => {
      const { ran } = await runSample(`connect w ${argv}`, env);
      expect(ran?.values["count"]).toBe(value);
      expect(ran?.context.source("count")).toBe(source);
    });
  }

  test("global flags obey the same rule, and are asked for by their declaration", async () => {
    const { ran } = await runSample("agent list --api-url http://flag", {
      MOLECULE_API_URL: "http://variable",
      MOLECULE_OUTPUT: "yaml",
    });
    const context = ran?.context;
    expect(context?.get(globals.apiUrl)).toBe("http://flag");
    expect(context?.get(globals.output)).toBe("yaml");
    expect(context?.get(globals.verbose)).toBe(false);
    expect(["apiUrl", "output", "verbose"].map((name) => context?.source(name))).toEqual([
      "flag",
      "env",
      "unset",
    ]);
  });

  test("what has neither value nor default is unset", async () => {
    const { ran } = await runSample("agent send a");
    expect(ran?.context.source("urgent")).toBe("unset");
    expect(ran?.context.source("text")).toBe("unset");
    expect(ran?.context.source("agentId")).toBe("flag");
  });

  test("a list given by default is not shared between runs", async () => {
    const cli = { root: sample(() => undefined), globals, version: "1" };
    const values = async () => {
      const line = await new CommandLine(cli, {}, new Secrets()).read(["connect", "w"]);
      return resolve(line, line.node as Command, {}, new Secrets()).values;
    };
    ((await values())["backendOpt"] as string[]).push("left over");
    expect((await values())["backendOpt"]).toEqual([]);
  });

  test("asking for what was never declared is a mistake in the program", async () => {
    const { code, err } = await runSample("agent list", {}, ({ context }) =>
      context.source("nope"),
    );
    expect(err).toStartWith('error: internal error: no flag or argument is declared as "nope"');
    expect(code).toBe(1);
  });
});

describe("values by their kind", () => {
  const good: [flag: string, text: string, value: unknown][] = [
    ["count", "0", 0],
    ["count", "-0", 0],
    ["count", "007", 7],
    ["count", "-10", -10],
    ["count", "100", 100],
    ["grace", "1s", 1_000],
    ["grace", "1m30s", 90_000],
    ["grace", "1.5m", 90_000],
    ["grace", "1500ms", 1_500],
    ["grace", "10m", 600_000],
    ["backend", "claude-code", "claude-code"],
    ["dryRun", "TRUE", true],
    ["dryRun", "0", false],
    ["agentName", "false", "false"],
    ["agentName", " spaced ", " spaced "],
    ["backendOpt", "null", ["null"]],
  ];

  for (const [key, text, value] of good) {
    test(`${key} takes "${text}"`, async () => {
      const { ran, err } = await runSample(["connect", "w", `--${dashed(key)}=${text}`]);
      expect(err).toBe("");
      expect(ran?.values[key]).toEqual(value);
    });
  }

  const whole = "must be a whole number in decimal digits";
  const duration = "must be a duration such as 30s, 5m or 1h30m";
  const bad: [flag: string, text: string, problem: string][] = [
    ["count", "1.5", whole],
    ["count", "1e2", whole],
    ["count", "0x10", whole],
    ["count", "+5", whole],
    ["count", " 5", whole],
    ["count", "NaN", whole],
    ["count", "9007199254740993", whole],
    ["count", "-11", "must be at least -10"],
    ["count", "101", "must be at most 100"],
    ["grace", "30", duration],
    ["grace", "-30s", duration],
    ["grace", "soon", duration],
    ["grace", "999ms", "must be at least 1s"],
    ["grace", "11m", "must be at most 10m"],
    ["backend", "Mock", "must be one of mock, exec, claude-code"],
    ["dry-run", "yes", "must be true or false"],
    ["api-url", "ftp://x", "must be an http or https address"],
  ];

  for (const [name, text, problem] of bad) {
    test(`${name} refuses "${text}"`, async () => {
      const { code, err } = await runSample(["connect", "w", `--${name}=${text}`]);
      expect(err).toStartWith(`error: --${name} ${problem}, not "${text.trim()}"\n`);
      expect(code).toBe(2);
    });
  }

  test("a value that is nearly right is suggested", async () => {
    const { err } = await runSample("connect w --backend claud-code");
    expect(err).toContain('hint: Did you mean "claude-code"?\n');
  });

  test("a wrong value is shown as one short line without terminal sequences", async () => {
    const { err } = await runSample(["connect", "w", `--count=\u001b[31m\n${"9".repeat(500)}`]);
    expect(err.split("\n")[0]).toBe(
      `error: --count ${whole}, not "\\u001b[31m ${"9".repeat(48)}…"`,
    );
  });

  function dashed(key: string): string {
    return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  }
});

describe("a wrong value in a variable", () => {
  const wrong: [name: string, text: string, problem: string][] = [
    ["MOLECULE_COUNT", "many", "must be a whole number in decimal digits"],
    ["MOLECULE_COUNT", "101", "must be at most 100"],
    ["MOLECULE_GRACE", "30", "must be a duration such as 30s, 5m or 1h30m"],
    ["MOLECULE_OUTPUT", "xml", "must be one of table, json, yaml"],
    ["MOLECULE_API_URL", "localhost", "must be an http or https address"],
    ["MOLECULE_VERBOSE", "loud", "must be true or false"],
  ];

  for (const [name, text, problem] of wrong) {
    test(`${name}=${text} is told by the variable's name`, async () => {
      const { code, err, runs } = await runSample("connect w", { [name]: text });
      expect(err).toStartWith(`error: ${name} ${problem}, not "${text}"\n`);
      expect(err).not.toContain("error: --");
      expect({ code, runs }).toEqual({ code: 2, runs: 0 });
    });
  }

  test("only the variables of the command that runs are looked at", async () => {
    const { code } = await runSample("agent list", { MOLECULE_COUNT: "many" });
    expect(code).toBe(0);
  });
});
