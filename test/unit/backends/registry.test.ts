import { expect, test } from "bun:test";
import { BACKENDS, DEFAULT_BACKEND, findBackend } from "../../../src/backends/registry.ts";
import { UsageError } from "../../../src/shared/errors.ts";

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
