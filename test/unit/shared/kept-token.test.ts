import { describe, expect, test } from "bun:test";
import { addressOf, isFor, parseKept, renderKept } from "../../../src/shared/kept-token.ts";

const HERE = "https://tenant.example.com";

describe("a kept token", () => {
  test.each([HERE, undefined])("is read as it was written (for %p)", (platform) => {
    const kept = { value: "token-1", platform };
    expect(parseKept(renderKept(kept))).toEqual(kept);
  });

  test("of an earlier version names no platform", () => {
    expect(parseKept(" token-1\r\n")).toEqual({ value: "token-1", platform: undefined });
  });

  test.each(["token-1\ntoken-2\n", `token-1 ${HERE}`, `token-1\n${HERE}\nmore`, `${HERE}`])(
    "is not made of %j",
    (text) => expect(parseKept(text)).toEqual({ value: text.trim(), platform: undefined }),
  );

  test("is for its platform alone, and for any where none was written down", () => {
    expect(isFor({ value: "t", platform: HERE }, HERE)).toBe(true);
    expect(isFor({ value: "t", platform: HERE }, `${HERE}:8443`)).toBe(false);
    expect(isFor({ value: "t", platform: `${HERE}/a` }, `${HERE}/b`)).toBe(false);
    expect(isFor({ value: "t", platform: `${HERE}/a` }, HERE)).toBe(false);
    expect(isFor({ value: "t", platform: undefined }, HERE)).toBe(true);
  });

  test.each([
    ["https://Tenant.example.com:443/", HERE],
    ["https://tenant.example.com/a/b//", `${HERE}/a/b`],
  ])("is bound to the whole of an address (%s)", (url, address) => {
    expect(addressOf(new URL(url))).toBe(address);
  });
});
