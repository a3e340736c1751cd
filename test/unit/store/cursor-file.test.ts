import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatTimestamp } from "../../../src/shared/timestamp.ts";
import {
  NEW_CURSOR_FILE,
  parseCursorFile,
  renderCursorFile,
} from "../../../src/store/cursor-file.ts";
import { EMPTY_CURSOR, type Cursor } from "../../../src/store/store.ts";
import { CURSOR, ROW } from "./support.ts";

const ID = "11111111-1111-4111-8111-111111111111";

const parse = (value: unknown) => parseCursorFile(JSON.stringify(value), ID);

describe("the file of the Go tool", () => {
  test.each([
    ["in one line", `{"workspace_id":"${ID}","last_since_id":"${ROW}"}`],
    ["indented by two", `{\n  "workspace_id": "${ID}",\n  "last_since_id": "${ROW}"\n}`],
    ["indented by a tab", `{\n\t"workspace_id": "${ID}",\n\t"last_since_id": "${ROW}"\n}\n`],
    ["in another order", `{"last_since_id":"${ROW}","workspace_id":"${ID}"}`],
    ["with Windows line ends", `{\r\n"workspace_id":"${ID}",\r\n"last_since_id":"${ROW}"\r\n}\r\n`],
  ])("is read %s", (_, text) => {
    expect(parseCursorFile(text, ID)).toEqual({
      cursor: { ...EMPTY_CURSOR, lastSinceId: ROW },
      others: {},
    });
  });

  test.each([
    ["an empty cursor", { workspace_id: ID, last_since_id: "" }],
    ["no cursor", { workspace_id: ID }],
    ["a cursor of null", { workspace_id: ID, last_since_id: null }],
  ])("with %s has none", (_, value) => {
    expect(parse(value).cursor).toEqual(EMPTY_CURSOR);
  });

  test("with keys that we don't know keeps them, to any depth", () => {
    const others = { next_version: { deep: [1, null, { a: "b" }] }, flag: false, "": 0 };
    const read = parse({ workspace_id: ID, ...others, last_since_id: ROW });
    expect(read.others).toEqual(others);
    const written = JSON.parse(renderCursorFile({ ...read, cursor: CURSOR }, ID));
    expect(written).toMatchObject(others);
    expect(written.last_since_id).toBe(ROW);
  });

  test("with a key called __proto__ keeps that one, too, and takes nothing from it", () => {
    const text = `{"workspace_id":"${ID}","__proto__":{"last_since_id":"x"},"constructor":{"a":1}}`;
    const read = parseCursorFile(text, ID);
    expect(read.cursor).toEqual(EMPTY_CURSOR);
    const written = renderCursorFile(read, ID);
    expect(written.replace(/\s/g, "")).toContain('"__proto__":{"last_since_id":"x"}');
    expect(JSON.parse(written)).toHaveProperty("constructor", { a: 1 });
  });
});

test("the newest settled row counts only with its id and its time", () => {
  const time = "2026-01-01T00:00:00Z";
  const settled = (more: object) => parse({ workspace_id: ID, ...more }).cursor.settled;
  const at = "2026-01-01T00:00:00.000000000Z";
  expect(settled({ settled_id: ROW, settled_at: time })).toEqual({ id: ROW, at });
  expect(settled({ settled_id: ROW })).toBeUndefined();
  expect(settled({ settled_at: time })).toBeUndefined();
});

test("the time of the newest settled row is read in any form, and given with nine digits in UTC", () => {
  const read = (settled_at: string) => parse({ workspace_id: ID, settled_id: ROW, settled_at });
  for (const [text, at] of [
    ["2026-01-01T02:00:00.5+02:00", "2026-01-01T00:00:00.500000000Z"],
    ["2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:00.123456789Z"],
  ] as const) {
    expect(read(text).cursor.settled?.at).toBe(at);
  }
});

describe("a cursor that another program has moved", () => {
  const moved = renderCursorFile({ cursor: CURSOR, others: {} }, ID).replace(
    `"last_since_id": "${ROW}"`,
    '"last_since_id": "theirs"',
  );

  test("takes no start of reading from before it was moved", () => {
    expect(parseCursorFile(moved, ID).cursor).toMatchObject({
      lastSinceId: "theirs",
      fetchFromId: undefined,
    });
    const own = renderCursorFile({ cursor: CURSOR, others: {} }, ID);
    expect(parseCursorFile(own, ID).cursor.fetchFromId).toBe(CURSOR.fetchFromId);
  });
});

describe("our file", () => {
  test("has the Go tool's two keys first, as texts at the top, and ends its last line", () => {
    for (const cursor of [CURSOR, EMPTY_CURSOR]) {
      const text = renderCursorFile({ cursor, others: { a: 1 } }, ID);
      const file = JSON.parse(text) as { [key: string]: unknown };
      expect(Object.keys(file).slice(0, 2)).toEqual(["workspace_id", "last_since_id"]);
      expect(file["workspace_id"]).toBe(ID);
      expect(file["last_since_id"]).toBe(cursor.lastSinceId ?? "");
      expect(text.endsWith("}\n")).toBe(true);
    }
  });

  test("of a new workspace says nothing but its id", () => {
    expect(JSON.parse(renderCursorFile(NEW_CURSOR_FILE, ID))).toEqual({
      workspace_id: ID,
      last_since_id: "",
    });
  });

  test("is read as it was written", () => {
    const time = fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5+02:00");
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
    const id = fc.string({ minLength: 1 });
    const at = fc.bigInt({ min: 0n, max: 10n ** 18n }).map(formatTimestamp);
    const cursors = fc
      .record({ lastSinceId: maybe(id), settledAt: at, windowStart: maybe(time), from: maybe(id) })
      .map(({ lastSinceId, settledAt, windowStart, from }): Cursor => {
        const settled = lastSinceId === undefined ? undefined : { id: lastSinceId, at: settledAt };
        return { lastSinceId, settled, windowStart, fetchFromId: from };
      });
    const others = fc
      .dictionary(
        fc.string().map((key) => `x${key}`),
        fc.jsonValue(),
      )
      .map((value) => JSON.parse(JSON.stringify(value)) as { [key: string]: unknown });
    fc.assert(
      fc.property(cursors, others, (cursor, unknown) => {
        const file = { cursor, others: unknown };
        expect(parseCursorFile(renderCursorFile(file, ID), ID)).toEqual(file);
      }),
    );
  });
});

describe("a file that is no state of this workspace", () => {
  const good = renderCursorFile({ cursor: CURSOR, others: {} }, ID);

  test.each<[string, string, RegExp]>([
    ["empty", "", /it is empty/],
    ["nothing but white space", " \n", /it is empty/],
    ["nothing but NUL bytes", "\0".repeat(100), /it is not JSON/],
    ["cut in the middle", good.slice(0, good.length / 2), /it is not JSON/],
    ["cut before its last brace", good.trimEnd().slice(0, -1), /it is not JSON/],
    ["two files in a row", good + good, /it is not JSON/],
    ["not JSON", "last_since_id = x", /it is not JSON/],
    ["a text", `"${ID}"`, /it is not JSON/],
    ["null", "null", /it is not JSON/],
    ["an array", `[${good}]`, /it is not a JSON object/],
    ["without a workspace", '{"last_since_id":"a"}', /it names no workspace/],
    ["of an empty workspace", '{"workspace_id":""}', /it names no workspace/],
    ["of a number for a workspace", '{"workspace_id":7}', /it names no workspace/],
    ["of another workspace", '{"workspace_id":"b"}', /it belongs to another workspace/],
  ])("because it is %s is refused with that reason", (_, text, reason) => {
    expect(() => parseCursorFile(text, ID)).toThrow(reason);
  });

  test.each([
    ["last_since_id", 7, "text"],
    ["last_since_id", { id: "a" }, "text"],
    ["last_since_id", false, "text"],
    ["settled_id", ["a"], "text"],
    ["settled_at", 1_767_225_600, "text"],
    ["settled_at", "yesterday", "time"],
    ["settled_at", "2026-99-01T00:00:00Z", "time"],
    ["window_start", "2026-01-01", "time"],
    ["window_start", true, "text"],
    ["fetch_from_id", 7, "text"],
  ])("because its %s is %j is refused with that reason", (key, value, kind) => {
    expect(() => parse({ workspace_id: ID, [key]: value })).toThrow(
      `its "${key}" is not a ${kind}`,
    );
  });

  test("never gives anything but a reason, wherever it is cut", () => {
    fc.assert(
      fc.property(fc.nat({ max: good.trimEnd().length - 1 }), (length) => {
        expect(() => parseCursorFile(good.slice(0, length), ID)).toThrow(/^it is/);
      }),
    );
  });
});
