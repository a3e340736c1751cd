import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import {
  STDERR_LINE_MAX,
  STDERR_LINES_MAX,
  StderrLines,
  Stdout,
  StdoutLines,
} from "../../../../src/backends/process/child-output.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";
import { anyText } from "../support.ts";

setDefaultTimeout(60_000);

const bytes = (text: string) => new TextEncoder().encode(text);

function collect(...chunks: Uint8Array[]): string[] {
  return collectMasked(new Secrets(), ...chunks);
}

function collectMasked(secrets: Secrets, ...chunks: Uint8Array[]): string[] {
  const lines: string[] = [];
  const stderr = new StderrLines((line) => lines.push(line), secrets);
  for (const chunk of chunks) stderr.add(chunk);
  stderr.end();
  return lines;
}

test("stdout is the first bytes of what came, however it was cut into chunks", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), fc.nat({ max: 60 }), (chunks, max) => {
      const stdout = new Stdout(max);
      for (const chunk of chunks) stdout.add(chunk);
      const all = Buffer.concat(chunks);
      const kept = new TextDecoder().decode(all.subarray(0, max), { stream: all.length > max });
      expect(stdout.text()).toBe(kept);
      expect(stdout.truncated).toBe(all.length > max);
    }),
  );
});

test("stdout is cut between characters", () => {
  const stdout = new Stdout(4);
  stdout.add(bytes("ab€"));
  expect([stdout.text(), stdout.truncated]).toEqual(["ab", true]);
});

test("a character split between two chunks of stderr stays whole", () => {
  const [a, b] = [bytes("x€").slice(0, 2), bytes("x€").slice(2)];
  expect(collect(a, b)).toEqual(["x€"]);
});

test("a long line is clipped, and the next one is not part of it", () => {
  const [first, ...others] = collect(bytes(`${"a".repeat(100_000)}`), bytes("tail\nnext\n"));
  expect(first).toHaveLength(STDERR_LINE_MAX);
  expect(first).toEndWith("a…");
  expect(others).toEqual(["next"]);
});

test("a flood of lines ends in one note", () => {
  const lines = collect(bytes("x\n".repeat(5_000)), bytes("more\n".repeat(5_000)));
  expect(lines).toHaveLength(STDERR_LINES_MAX + 1);
  expect(lines.at(-1)).toBe("(more than 200 lines in one run: the rest is not shown)");
});

test("as many lines as are allowed need no note", () => {
  expect(collect(bytes("x\n".repeat(STDERR_LINES_MAX)))).toEqual(
    Array.from({ length: STDERR_LINES_MAX }, () => "x"),
  );
});

test("a secret is masked, also where the line is clipped in the middle of it", () => {
  const secrets = new Secrets();
  secrets.add("canary-0123456789");
  const line = `${"a".repeat(STDERR_LINE_MAX - 10)}canary-0123456789`;
  const shown = collectMasked(secrets, bytes(`token canary-0123456789\n${line}`)).join("\n");
  expect(shown).toStartWith("token [secret]\n");
  expect(shown).not.toContain("canary");
});

test("any bytes make printable lines of bounded length and number", () => {
  const chunk = fc.oneof(fc.uint8Array(), anyText().map(bytes));
  fc.assert(
    fc.property(fc.array(chunk), (chunks) => {
      const lines = collect(...chunks);
      expect(lines.length).toBeLessThanOrEqual(STDERR_LINES_MAX + 1);
      for (const line of lines) {
        expect(line).not.toMatch(/\p{Cc}/u);
        expect(line).not.toBe("");
        expect(line.length).toBeLessThanOrEqual(STDERR_LINE_MAX);
      }
    }),
  );
});

function linesOf(max: number, wanted: (head: string) => boolean, ...chunks: Uint8Array[]) {
  const lines: string[] = [];
  const stdout = new StdoutLines(max, (line) => lines.push(line), wanted);
  for (const chunk of chunks) stdout.add(chunk);
  stdout.end();
  return { lines, overlong: stdout.overlong };
}

test("the lines of stdout are the same, however they were cut into chunks", () => {
  const cuts = fc.array(fc.nat({ max: 200 }), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(anyText(80)), cuts, fc.integer({ min: 1, max: 100 }), (texts, at, max) => {
      const all = bytes(texts.join("\n"));
      const edges = [0, ...at.sort((a, b) => a - b), all.length];
      const chunks = edges.slice(1).map((end, i) => all.slice(edges[i], end));
      const kept = new TextDecoder("utf-8", { ignoreBOM: true })
        .decode(all)
        .split("\n")
        .filter((line) => line !== "");
      const short = kept.filter((line) => Buffer.byteLength(line) <= max);
      const { lines, overlong } = linesOf(max, () => true, ...chunks);
      expect(lines).toEqual(short);
      expect(overlong).toBe(short.length < kept.length);
    }),
  );
});

test("a line that nobody wants is left out by its head, and is not too long", () => {
  const wanted = (head: string) => !head.startsWith("no");
  const long = bytes(`no${"x".repeat(100)}`);
  expect(linesOf(80, wanted, bytes("a\nno\n"), long, long, bytes("\nb"))).toEqual({
    lines: ["a", "b"],
    overlong: false,
  });
});
