import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatTimestamp, parseTimestamp } from "../../../src/shared/timestamp.ts";
import { labelled } from "../../harness/label.ts";

const SECOND = 1_000_000_000n;
const at = (...date: Parameters<typeof Date.UTC>) => BigInt(Date.UTC(...date)) * 1_000_000n;

/** Any instant of the years 1 to 9999. */
const instant = fc.bigInt({
  min: -62_135_596_800n * SECOND,
  max: 253_402_300_800n * SECOND - 1n,
});

describe("a time of the feed", () => {
  test.each([
    ["2026-01-01T00:00:00Z", at(2026, 0, 1)],
    ["2026-01-01T00:00:00.5Z", at(2026, 0, 1) + 500_000_000n],
    ["2026-01-01T00:00:00.000001Z", at(2026, 0, 1) + 1_000n],
    ["2026-01-01T00:00:00.123456789Z", at(2026, 0, 1) + 123_456_789n],
    ["2026-01-01T00:00:00.1234567899999Z", at(2026, 0, 1) + 123_456_789n],
    ["2026-01-01T02:30:00+02:30", at(2026, 0, 1)],
    ["2025-12-31T16:00:00.000000001-08:00", at(2026, 0, 1) + 1n],
    ["2026-01-01t00:00:00z", at(2026, 0, 1)],
    ["2026-01-01 00:00:00Z", at(2026, 0, 1)],
    ["1969-12-31T23:59:59.75Z", -250_000_000n],
    ["0001-01-01T00:00:00Z", -62_135_596_800n * SECOND],
  ])("%s is read to the nanosecond", (text, ns) => {
    expect(parseTimestamp(text)).toBe(ns);
  });

  test.each(
    labelled<unknown>([
      "",
      "now",
      "2026-01-01",
      "2026-01-01T00:00:00",
      "2026-01-01T00:00Z",
      "2026-13-01T00:00:00Z",
      "2026-01-32T00:00:00Z",
      "2026-01-01T25:00:00Z",
      "2026-01-01T00:61:00Z",
      "2026-01-01T00:00:0099Z",
      "2026-01-01T00:00:00.Z",
      "2026-01-01T00:00:00,5Z",
      "2026-01-01T00:00:00+0200",
      "2026-01-01T00:00:00+99:99",
      "2026-01-01T00:00:00Z\n",
      " 2026-01-01T00:00:00Z",
      "12026-01-01T00:00:00Z",
      "Thu, 01 Jan 2026 00:00:00 GMT",
      1_767_225_600_000,
      null,
      undefined,
      {},
      new Date(0),
      ["2026-01-01T00:00:00Z"],
    ]),
  )("%s is no time", (_, value) => {
    expect(parseTimestamp(value)).toBeUndefined();
  });

  test("is never read with an error, whatever it is", () => {
    const digits = fc.string({ unit: fc.constantFrom(..."0123456789-:.TZ+ ") });
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string(), digits), (value) => {
        const read = parseTimestamp(value);
        expect(read === undefined || typeof read === "bigint").toBe(true);
      }),
    );
  });
});

describe("a written time", () => {
  test.each([
    [0n, "1970-01-01T00:00:00.000000000Z"],
    [at(2026, 0, 1) + 1n, "2026-01-01T00:00:00.000000001Z"],
    [-1n, "1969-12-31T23:59:59.999999999Z"],
    [-SECOND, "1969-12-31T23:59:59.000000000Z"],
  ])("of %s ns is %s", (ns, text) => {
    expect(formatTimestamp(ns)).toBe(text);
  });

  test("is read back as it was, to the nanosecond", () => {
    fc.assert(
      fc.property(instant, (ns) => {
        expect(parseTimestamp(formatTimestamp(ns))).toBe(ns);
      }),
    );
  });

  test("sorts as its instant does", () => {
    fc.assert(
      fc.property(instant, instant, (a, b) => {
        expect(formatTimestamp(a) < formatTimestamp(b)).toBe(a < b);
      }),
    );
  });

  test("in any offset is the same instant", () => {
    const date = fc.date({
      min: new Date("0002-01-01"),
      max: new Date("9998-01-01"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(
        date,
        fc.integer({ min: -14 * 60, max: 14 * 60 }),
        fc.nat(999_999),
        (utc, offset, sub) => {
          const there = new Date(utc.getTime() + offset * 60_000).toISOString().slice(0, -1);
          const [h, m] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
          const zone = `${offset < 0 ? "-" : "+"}${String(h).padStart(2, "0")}:${String(m).padStart(2, "0")}`;
          const text = `${there}${String(sub).padStart(6, "0")}${zone}`;
          expect(parseTimestamp(text)).toBe(BigInt(utc.getTime()) * 1_000_000n + BigInt(sub));
        },
      ),
    );
  });
});
