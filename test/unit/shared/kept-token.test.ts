import { describe, expect, test } from "bun:test";
import { isFor, parseKept, renderKept } from "../../../src/shared/kept-token.ts";

const HERE = "https://tenant.example.com";

describe("a kept token", () => {
  test.each([HERE, undefined])("is read as it was written (for %p)", (origin) => {
    const kept = { value: "token-1", origin };
    expect(parseKept(renderKept(kept))).toEqual(kept);
  });

  test("of an earlier version names no platform", () => {
    expect(parseKept(" token-1\r\n")).toEqual({ value: "token-1", origin: undefined });
  });

  test.each(["token-1\ntoken-2\n", `token-1 ${HERE}`, `token-1\n${HERE}\nmore`, `${HERE}`])(
    "is not made of %j",
    (text) => expect(parseKept(text)).toEqual({ value: text.trim(), origin: undefined }),
  );

  test("is for its platform alone, and for any where none was written down", () => {
    expect(isFor({ value: "t", origin: HERE }, HERE)).toBe(true);
    expect(isFor({ value: "t", origin: HERE }, `${HERE}:8443`)).toBe(false);
    expect(isFor({ value: "t", origin: undefined }, HERE)).toBe(true);
  });
});
