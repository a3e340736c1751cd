import { describe, expect, test } from "bun:test";
import { type Context, command, group } from "../../../src/cli/command.ts";
import { walk } from "../../../src/cli/tree.ts";
import { type Flag, flag, kebab } from "../../../src/cli/flag.ts";
import { FlagTable } from "../../../src/cli/flag-table.ts";
import { sample } from "./sample.ts";

const text = flag({ type: "string", summary: "Text" });
const run = () => {};

describe("values have the type that was declared", () => {
  // Checked by the compiler; a wrong inference doesn't build.
  type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? [] : [never]) : [never];
  const typed =
    <T>() =>
    <U>(_: Flag<U>, ...__: Same<T, U>) => {};

  test("for every kind of flag", () => {
    typed<string | undefined>()(flag({ type: "string", summary: "" }));
    typed<string>()(flag({ type: "string", summary: "", default: "x" }));
    typed<boolean>()(flag({ type: "boolean", summary: "" }));
    typed<number | undefined>()(flag({ type: "integer", summary: "", min: 1 }));
    typed<number>()(flag({ type: "duration", summary: "", default: "1s" }));
    typed<"a" | "b">()(flag({ type: "enum", summary: "", values: ["a", "b"], default: "a" }));
    typed<string[]>()(flag({ type: "strings", summary: "" }));
    // @ts-expect-error: without a default it may be undefined
    typed<number>()(flag({ type: "integer", summary: "" }));
    // @ts-expect-error: one of the values, not any string
    typed<string>()(flag({ type: "enum", summary: "", values: ["a", "b"], default: "a" }));
    // @ts-expect-error: a list has no variable
    flag({ type: "strings", summary: "", env: "X" });
  });

  test("for a command", () => {
    command({
      name: "c",
      summary: "",
      flags: {
        count: flag({ type: "integer", summary: "", default: 1 }),
        mode: flag({ type: "enum", summary: "", values: ["poll", "push"] }),
      },
      positionals: [
        { name: "id", summary: "", required: true },
        { name: "note", summary: "" },
      ],
      run({ count, mode, id, note }, context: Context) {
        const exact: [number, "poll" | "push" | undefined, string, string | undefined] = [
          count,
          mode,
          id,
          note,
        ];
        // @ts-expect-error: it may be left out
        const given: string = note;
        return void [exact, given, context.get(text) satisfies string | undefined];
      },
    });
  });
});

describe("a declaration that can't work is refused", () => {
  const wrong: [why: string, declare: () => unknown][] = [
    ["two flags of one name", () => new FlagTable({ text }, { text })],
    ["two flags of one letter", () => new FlagTable({ a: short("a"), b: short("a") })],
    ["a flag named help", () => new FlagTable({ help: text })],
    ["a flag named version", () => new FlagTable({ version: text })],
    ["a flag that looks negated", () => new FlagTable({ noColor: text })],
    ["a flag with dashes", () => new FlagTable({ "api-url": text })],
    ["a flag named __proto__", () => new FlagTable(Object.fromEntries([["__proto__", text]]))],
    [
      "a secret with a default",
      () => flag({ type: "string", summary: "", secret: true, default: "x" }),
    ],
    ["the letter of help", () => short("h")],
    ["two letters", () => short("ab")],
    [
      "a default that is no value",
      () => flag({ type: "enum", summary: "", values: ["a"], default: "b" }),
    ],
    ["a default that is no duration", () => flag({ type: "duration", summary: "", default: "30" })],
    ["a bound that is no duration", () => flag({ type: "duration", summary: "", min: "1 s" })],
    [
      "a positional named like a flag",
      () =>
        command({
          name: "c",
          summary: "",
          flags: { text },
          positionals: [{ name: "text", summary: "" }],
          run,
        }),
    ],
    [
      "a group whose main command takes words",
      () =>
        group({
          name: "g",
          summary: "",
          commands: [],
          main: command({ name: "g", summary: "", positionals: [{ name: "w", summary: "" }], run }),
        }),
    ],
    [
      "a group whose main command hands words on",
      () =>
        group({
          name: "g",
          summary: "",
          commands: [],
          main: command({ name: "g", summary: "", passthrough: "words", run }),
        }),
    ],
    [
      "two commands of one name",
      () => group({ name: "g", summary: "", commands: [leaf("a"), leaf("a")] }),
    ],
  ];

  for (const [why, declare] of wrong) {
    test(why, () => expect(declare).toThrow());
  }

  function short(letter: string) {
    return flag({ type: "string", summary: "", short: letter });
  }

  function leaf(name: string) {
    return command({ name, summary: "", run });
  }
});

test("walk visits every group and command with the words that lead there", () => {
  const root = sample(() => undefined);
  expect(walk(root).map(({ path }) => path.join(" "))).toEqual([
    "molecule",
    "molecule connect",
    "molecule agent",
    "molecule agent list",
    "molecule agent send",
    "molecule agent key",
    "molecule agent key show",
    "molecule serve",
    "molecule serve stop",
    "molecule trap",
  ]);
});

test("names on the command line have dashes", () => {
  expect(["count", "apiUrl", "maxOfflineSecs", "a2aUrl"].map(kebab)).toEqual([
    "count",
    "api-url",
    "max-offline-secs",
    "a2a-url",
  ]);
});
