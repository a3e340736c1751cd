import { expect, test } from "bun:test";
import fc from "fast-check";
import { literal } from "../../../../src/cli/config/shown.ts";
import { trustTable } from "../../../../src/commands/config/trust-table.ts";

const setting = (text: string) => ({ key: "backend_opt", line: 2, needs_trust: true, text });

test("a long value goes on under its beginning, and no line looks like another key", () => {
  const text = `cmd=cat ${"a".repeat(60)} api_url 1 no http://x`;
  expect(trustTable([setting(text)], 60, true)).toEqual([
    "KEY          LINE  NEEDS TRUST  VALUE",
    `backend_opt  2     yes          cmd=cat ${"a".repeat(20)}`,
    `${" ".repeat(32)}${"a".repeat(28)}`,
    `${" ".repeat(32)}${"a".repeat(12)} api_url 1 no ht`,
    `${" ".repeat(32)}tp://x`,
  ]);
});

test("no character is lost, however narrow the terminal", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", " ", "日", "\n", "e\u0301") }),
      fc.integer({ min: 1, max: 90 }),
      (text, width) => {
        const shown = literal(text);
        const lines = trustTable([setting(shown)], width, false);
        expect(lines.map((line) => line.slice(21)).join("")).toBe(shown);
        if (width > 50) {
          for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(width);
        }
      },
    ),
  );
});
