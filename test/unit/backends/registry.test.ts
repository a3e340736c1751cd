import { expect, test } from "bun:test";
import { BACKENDS, DEFAULT_BACKEND, findBackend } from "../../../src/backends/registry.ts";
import { parseOptions } from "../../../src/backends/options.ts";
import { UsageError } from "../../../src/shared/errors.ts";
import { TestParts } from "./support.ts";

/** What each can't do without. */
const LEAST: Record<string, string[]> = {
  acp: ["command=agent"],
  exec: ["cmd=cat"],
  http: ["url=http://localhost:1"],
  openai: ["model=m"],
};

test("every backend is found by its name, and no name is there twice", () => {
  for (const type of BACKENDS) expect(findBackend(type.name)).toBe(type);
  expect(new Set(BACKENDS.map((type) => type.name)).size).toBe(BACKENDS.length);
  expect(BACKENDS.map((type) => type.name).sort()).toEqual([
    "acp",
    "claude-code",
    "exec",
    "http",
    "mock",
    "openai",
  ]);
});

test("the default is claude-code", () => {
  expect(findBackend(DEFAULT_BACKEND).name).toBe("claude-code");
});

test("the name of an agent that acp knows leads to it", () => {
  try {
    findBackend("gemini");
    throw new Error("found");
  } catch (error) {
    expect((error as UsageError).hint).toBe(
      "for gemini choose --backend acp --backend-opt preset=gemini",
    );
  }
});

test("an unknown name is an error of usage that names the nearest and all", () => {
  const find = () => findBackend("exce");
  expect(find).toThrow(UsageError);
  expect(find).toThrow('there is no backend "exce"; did you mean exec?');
  try {
    findBackend("toString");
  } catch (error) {
    expect((error as UsageError).hint).toBe(
      `the backends are: ${BACKENDS.map((type) => type.name).join(", ")}`,
    );
  }
});

test.each(BACKENDS)("$name is loaded when it is created, with its own time limit", async (type) => {
  const options = parseOptions(type, LEAST[type.name] ?? []);
  const backend = await type.create(options, new TestParts());
  const { timeout } = options;
  expect(backend.timeoutMs).toBeGreaterThanOrEqual(timeout === undefined ? 1 : Number(timeout));
  await backend.close?.();
});

test.each([
  ["acp", [], "exactly one of its options command and preset"],
  ["claude-code", ["args=--verbose"], "option args of the claude-code backend can't hold"],
  ["http", ["url=ftp://host"], "it must begin with http:// or https://"],
  ["openai", ["model=m", "api_key=env:NOT_THERE"], "NOT_THERE, which is not set"],
])(
  "wrong options of %s reject as an error of usage, and are not thrown",
  async (name, given, why) => {
    const type = findBackend(name);
    const creating = type.create(parseOptions(type, given), new TestParts());
    const error = await creating.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toContain(why);
  },
);
