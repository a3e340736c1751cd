import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { StderrTail, TAIL_MAX, withStderr } from "../../../../src/backends/process/stderr-tail.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";
import { anyText } from "../support.ts";

setDefaultTimeout(60_000);

const secrets = new Secrets();
secrets.add("canary-0123456789");

function tail(...chunks: string[]): string {
  const kept = new StderrTail();
  for (const chunk of chunks) kept.add(new TextEncoder().encode(chunk));
  return kept.text(secrets);
}

test("the last three lines that are not blank", () => {
  expect(tail("1\n2\n", "3\r\n\n \t\n4", "5")).toBe("2 / 3 / 45");
  expect(tail("50 %\r80 %\r100 %\n")).toBe("50 % / 80 % / 100 %");
  expect([tail(), tail("\n \n")]).toEqual(["", ""]);
});

test("they are the last after any amount of output", () => {
  expect(tail(...Array<string>(2_000).fill(`${"noise\n".repeat(500)}`), "why\n")).toBe(
    "noise / noise / why",
  );
});

test("too long together: the earlier are left out, and the last is clipped", () => {
  const long = "a".repeat(200);
  expect(tail(`${long}\n${long}\nwhy\n`)).toBe(`${long} / why`);
  expect(tail(`first\n${"b".repeat(5_000)}`)).toBe(`${"b".repeat(TAIL_MAX - 1)}…`);
});

test("masked before it is clipped, and where what is kept begins in the middle of a secret", () => {
  expect(tail("the key is canary-0123456789\n")).toBe("the key is [secret]");
  expect(tail(`${"x".repeat(TAIL_MAX - 10)}canary-0123456789`)).not.toContain("canary");
  for (let length = 16_360; length < 16_384; length++) {
    expect(tail(`canary-0123456789${"\n".repeat(length)}`)).not.toMatch(/[0-9]/);
    expect(tail(`canary-0123456789${" ".repeat(length)}`)).not.toMatch(/[0-9]/);
  }
});

test("any text becomes one printable line of bounded length", () => {
  fc.assert(
    fc.property(fc.array(anyText(400)), (chunks) => {
      const text = tail(...chunks);
      expect(text).not.toMatch(/\p{Cc}/u);
      expect(text.length).toBeLessThanOrEqual(TAIL_MAX);
    }),
  );
});

test("a reason that refers to stderr already is not told so twice", () => {
  expect(withStderr("exit 3: see what it wrote to stderr", "x")).toBe(
    "exit 3: see what it wrote to stderr: x",
  );
  expect(withStderr("exit 75: later", "x")).toBe("exit 75: later; see what it wrote to stderr: x");
  expect(withStderr("exit 75: later", "")).toBe("exit 75: later");
});
