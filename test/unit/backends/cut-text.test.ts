import { expect, test } from "bun:test";
import { cutText } from "../../../src/backends/cut-text.ts";

test("a text that fits stays as it is", () => {
  expect(cutText("é".repeat(5), 10, "it has more than")).toBe("ééééé");
  expect(cutText("", 10, "it has more than")).toBe("");
});

test("a longer one is cut between characters, and says so", () => {
  const note = "\n\n[cut: it has more than 9 bytes]";
  expect(cutText("é".repeat(5), 9, "it has more than")).toBe(`éééé${note}`);
});

test("one that was cut before says so, although it fits", () => {
  expect(cutText("a", 9, "it has more than", true)).toBe("a\n\n[cut: it has more than 9 bytes]");
});
