/** What the help, `molecule backend list` and the README say of the backends is one and the same. */
import { expect, test } from "bun:test";
import { BACKENDS, DEFAULT_BACKEND } from "../../../src/backends/registry.ts";
import { backendHelp, describeBackends } from "../../../src/commands/backend/backend-help.ts";
import { backendTable, README, tableIn } from "../../../scripts/readme.ts";

const described = describeBackends(BACKENDS, DEFAULT_BACKEND);

test("the README's table is the one that the declarations make", async () => {
  const plain = (table: string) =>
    table
      .split("\n")
      .map((line) => line.replace(/-+/g, "-").replace(/ +/g, " "))
      .join("\n");
  expect(plain(tableIn(await Bun.file(README).text()))).toBe(plain(backendTable()));
});

test("the help names every backend and every option with its default", () => {
  const help = backendHelp(BACKENDS, DEFAULT_BACKEND);
  for (const { name, summary, options } of described) {
    expect(help).toContain(`${name}${name === DEFAULT_BACKEND ? " (default)" : ""}: ${summary}`);
    const [, own = ""] = help.split(`  ${name}`);
    for (const option of options) {
      const line = own.split("\n").find((text) => text.startsWith(`    ${option.option} `));
      expect(line).toContain(option.summary);
      if (option.required) expect(line).toEndWith("(required)");
      else if (option.default !== null) expect(line).toEndWith(`(${option.default})`);
    }
  }
});

test("every option says what it is in one phrase, and can be written as its default says", () => {
  for (const { name, options } of BACKENDS) {
    for (const [key, { summary, default: text, type, values }] of Object.entries(options)) {
      expect([name, key, summary]).toEqual([name, key, expect.stringMatching(/^[^A-Z].*[^.]$/s)]);
      if (type === "enum" && text !== undefined) expect(values).toContain(text);
    }
  }
});
