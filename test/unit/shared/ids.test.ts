import { createHash } from "node:crypto";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isUuid, isWorkspaceId, uuidV5 } from "../../../src/shared/ids.ts";
import { labelled } from "../../harness/label.ts";

const UUID = "0198c9a2-7b3e-7c2a-9f51-2f6f4d1e8a77";

describe("a workspace id", () => {
  test.each([UUID, "a", "ws_01HF", "a.b-c_d", "A".repeat(128), "0"])("may be %s", (id) => {
    expect(isWorkspaceId(id)).toBe(true);
  });

  test.each(
    labelled([
      "",
      ".",
      "..",
      "../secrets",
      "../../etc/passwd",
      "a/b",
      "a\\b",
      "/a",
      ".hidden",
      "a b",
      "a\n",
      "\na",
      "a\0",
      "a%2fb",
      "a?b",
      "a#b",
      "a:b",
      "C:",
      "ä",
      "ａ",
      "a\u202eb",
      "A".repeat(129),
    ]),
  )("may not be %s", (_, id) => {
    expect(isWorkspaceId(id)).toBe(false);
  });

  test("is one segment of a path and of a URL, whatever passes for one", () => {
    const hostile = fc.string({ unit: fc.constantFrom(..."aZ09._-/\\%?#:@ \n\0ä") });
    fc.assert(
      fc.property(hostile, (id) => {
        fc.pre(isWorkspaceId(id));
        expect(new URL(`http://host/a/${id}/b`).pathname).toBe(`/a/${id}/b`);
      }),
    );
  });
});

describe("a UUID", () => {
  test.each([UUID, UUID.toUpperCase(), "00000000-0000-0000-0000-000000000000"])(
    "may be %s",
    (text) => {
      expect(isUuid(text)).toBe(true);
    },
  );

  test.each(
    labelled<unknown>([
      "",
      "ws_01HF",
      UUID.replaceAll("-", ""),
      `${UUID}0`,
      `{${UUID}}`,
      `${UUID}\n`,
      UUID.replace("0", "g"),
      undefined,
      null,
      42,
      [UUID],
    ]),
  )("is not %s", (_, text) => {
    expect(isUuid(text)).toBe(false);
  });
});

describe("an id made from a name", () => {
  test("is a UUID of version 5, by its definition", () => {
    const namespace = Buffer.from("6f6d6f6c65635c658a2a636f6e6e6563", "hex");
    const hash = createHash("sha1").update(namespace).update("some name").digest();
    hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x50;
    hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
    expect(uuidV5("some name").replaceAll("-", "")).toBe(hash.subarray(0, 16).toString("hex"));
  });

  test("never changes: a repeated post must be the same message, also after an update", () => {
    expect(uuidV5("activity/answer/0")).toBe("d070a2b7-4f69-5c67-9699-f78250cf9eab");
    expect(uuidV5("activity/answer/0")).toBe(uuidV5("activity/answer/0"));
  });

  test("is another for another name", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(isUuid(uuidV5(a))).toBe(true);
        expect(uuidV5(a) === uuidV5(b)).toBe(a.toWellFormed() === b.toWellFormed());
      }),
    );
  });
});
