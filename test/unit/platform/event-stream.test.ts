import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EventParser } from "../../../src/platform/event-stream.ts";
import type { StreamSign } from "../../../src/platform/platform.ts";

function signsOf(text: string, cuts: readonly number[] = []): StreamSign[] {
  const signs: StreamSign[] = [];
  const parser = new EventParser((sign) => signs.push(sign));
  const bytes = new TextEncoder().encode(text);
  let from = 0;
  for (const cut of cuts.toSorted((a, b) => a - b)) {
    const to = Math.min(cut, bytes.length);
    parser.push(bytes.subarray(from, Math.max(from, to)));
    from = Math.max(from, to);
  }
  parser.push(bytes.subarray(from));
  return signs;
}

const frame = (type: string, data: object = {}) =>
  `data: ${JSON.stringify({ type, timestamp: 1, data })}\n\n`;
const event = (type: string, activityType?: string) => ({ kind: "event", type, activityType });

describe("a stream", () => {
  test("is read frame by frame, by what kind each is", () => {
    const text = `: ping\n\n${frame("WORKSPACE_HEARTBEAT")}${frame("ACTIVITY_LOGGED", { activity_type: "a2a_receive", request_body: { a: "\n" } })}`;
    expect(signsOf(text)).toEqual([
      { kind: "comment" },
      event("WORKSPACE_HEARTBEAT"),
      event("ACTIVITY_LOGGED", "a2a_receive"),
    ] as never);
  });

  test.each(["\n", "\r\n", "\r"])("may end its lines with %j", (end) => {
    const text = `: ping\n\n${frame("A")}${frame("B")}`.replaceAll("\n", end);
    expect(signsOf(text)).toEqual([{ kind: "comment" }, event("A"), event("B")] as never);
  });

  test("may name its events, number them, and leave out the space", () => {
    expect(signsOf(`event: x\nid: 7\nretry: 10\ndata:{"type":"A"}\n\n`)).toEqual([
      event("A"),
    ] as never);
  });

  test("may spread an event over lines", () => {
    expect(signsOf(`data: {"type":\ndata: "A"}\n\n`)).toEqual([event("A")] as never);
  });

  test("is not over with an event that lacks its empty line", () => {
    expect(signsOf(frame("A").trimEnd())).toEqual([]);
  });

  test("says nothing with what is no event", () => {
    const junk = ["data: <html>\n\n", 'data: {"no":"type"}\n\n', "data: [1]\n\n", "<p>hello</p>\n"];
    expect(junk.flatMap((text) => signsOf(text))).toEqual(junk.map(() => ({ kind: "junk" })));
  });

  test("tells of a row too, that is larger than is kept", () => {
    const text = frame("ACTIVITY_LOGGED", { activity_type: "a2a_send", body: "x".repeat(300_000) });
    expect(signsOf(text + frame("A"))).toEqual([event("ACTIVITY_LOGGED"), event("A")] as never);
  });

  test("without an end to its line takes no more memory with each chunk", () => {
    const signs: StreamSign[] = [];
    const parser = new EventParser((sign) => signs.push(sign));
    const chunk = new TextEncoder().encode("x".repeat(65_536));
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 1_900; n++) parser.push(chunk);
    Bun.gc(true);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
    parser.push(new TextEncoder().encode("\n\n" + frame("A")));
    expect(signs).toEqual([{ kind: "junk" }, event("A")] as never);
    const endless = () => {
      for (let n = 0; n < 4_000; n++) parser.push(chunk);
    };
    expect(endless).toThrow("a line without an end");
  });

  test("that says nothing but noise is junk, however it is made", () => {
    for (const noise of [":\n", "\n", "data\n", "event: x\n"]) {
      const signs = signsOf(noise.repeat(100_000));
      expect(signs.filter(({ kind }) => kind === "junk").length).toBeGreaterThan(0);
    }
    // Now and then a word is none.
    expect(signsOf(`: ping\n\n${frame("A")}`.repeat(4_000)).some((s) => s.kind === "junk")).toBe(
      false,
    );
  });

  test("reads the same however it is cut up", () => {
    const text = `: ping\r\n\r\n${frame("A", { activity_type: "ü€😀" })}\rdata: x\r\r${frame("B")}`;
    const whole = signsOf(text);
    expect(whole.length).toBeGreaterThan(3);
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 12 }), (cuts) => {
        expect(signsOf(text, cuts)).toEqual(whole);
      }),
    );
  });

  test("never throws, and tells of no more than it has lines", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), fc.nat(400), (text, cut) => {
        const lines = text.split(/[\r\n]/).length;
        expect(signsOf(text, [cut]).length).toBeLessThanOrEqual(lines);
      }),
    );
  });
});
