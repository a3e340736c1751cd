import { expect, test } from "bun:test";
import { resolveText } from "../../../src/backends/option-text.ts";
import { TestParts } from "./support.ts";

test("a text is itself, and a variable's name its value, which is a secret from then on", () => {
  const parts = new TestParts({ KEY: " sk-canary-0123 \n" });
  expect(resolveText("key", "plain", parts)).toBe("plain");
  expect(resolveText("key", "env:KEY", parts)).toBe("sk-canary-0123");
  expect(parts.secrets.mask("the sk-canary-0123 of")).toBe("the [secret] of");
  expect(parts.secrets.mask("plain")).toBe("plain");
});

test.each([{}, { KEY: "" }, { KEY: "  \n" }])("a variable that is not set is named (%o)", (env) => {
  expect(() => resolveText("api_key", "env:KEY", new TestParts(env))).toThrow(
    "option api_key names the variable KEY, which is not set",
  );
});
