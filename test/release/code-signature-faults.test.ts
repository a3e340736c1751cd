/** How a signature that does not hold is told. The files are small ones, made byte by byte. */
import { describe, expect, test } from "bun:test";
import { signAdHoc, signatureFaults } from "../../scripts/release/code-signature.ts";
import { MoleculeError } from "../../src/shared/errors.ts";
import {
  AD_HOC,
  changed,
  command,
  DIRECTORY,
  LINKEDIT_AT,
  LINKER,
  machO,
  requirements,
  segment,
  SIGNATURE_AT,
  signedFile,
  START,
  VENDOR,
} from "./mach-o-files.ts";

describe("a signature's faults", () => {
  test("are none in a vendor's signature, or a linker's", () => {
    for (const seal of [VENDOR, LINKER]) expect(signatureFaults(signedFile(seal))).toEqual([]);
  });

  test("are told where there is no signature", () => {
    expect(signatureFaults(machO())).toEqual(["it is not signed"]);
  });

  test("are hashes that end before the signature, and pages that have changed", () => {
    const stale = changed(signedFile({ ...VENDOR, limit: 5000 }), (_, bytes) => {
      bytes[4999] = 0;
      bytes[3000] = 1;
    });
    expect(signatureFaults(stale)).toEqual([
      "2 of 2 page hashes are wrong",
      "its hashes end at byte 5000, and it starts at byte 9200",
    ]);
  });

  const whole = signAdHoc(machO(), "molecule");
  const field = (at: number, value: number) =>
    changed(whole, (view) => view.setUint32(DIRECTORY + at, value));
  test.each([
    ["a page too few", field(28, 2), "it has 2 page hashes and needs 3"],
    ["neither kind of signer", field(12, 0), "it is not ad hoc and has no certificate"],
    [
      "two kinds of signer",
      signedFile({ ...VENDOR, flags: 2 }),
      "it is ad hoc and has a certificate",
    ],
    ["another executable segment", field(76, 4096), "it describes another executable segment than"],
    ["no main program", field(84, 0), "it describes another executable segment than"],
    [
      "a changed blob",
      changed(whole, (_, it) => void (it[it.lastIndexOf(0x0c) + 4] = 1)),
      "the hash of its blob 2 is wrong",
    ],
    [
      "a blob without a hash",
      changed(signedFile(VENDOR), (view) => view.setUint32(START + 12 + 8, 9)),
      "the hash of its blob 9 is wrong",
    ],
    [
      "a blob that is gone",
      changed(signedFile(VENDOR), (view) => view.setUint32(START + 12 + 16, 0x2000)),
      "its blob 5 is missing",
    ],
    [
      "a second CodeDirectory",
      signedFile({ ...AD_HOC, blobs: [...(AD_HOC.blobs ?? []), [0x1000, requirements]] }),
      "it has a second CodeDirectory, which was not checked",
    ],
    [
      "bytes behind the signature",
      Buffer.concat([whole, Buffer.alloc(1)]),
      `it ends at byte ${whole.length}, before the end of the file`,
    ],
  ])("are told of %s", (_, bytes, fault) => {
    expect(signatureFaults(bytes).join("\n")).toContain(fault);
  });

  const header = (at: number, value: number, from: Uint8Array = whole) =>
    changed(from, (view) => view.setUint32(at, value, true));
  const signatureField = (at: number, value: number) =>
    changed(whole, (view) => view.setUint32(START + at, value));
  test.each([
    ["no bytes", new Uint8Array(), "too short for a header"],
    ["a script", Buffer.from("#!/bin/sh\n".repeat(9)), "not a Mach-O file"],
    ["a universal file", header(0, 0xbebafeca), "a universal file"],
    ["32 bits", header(0, 0xfeedface), "a 32-bit Mach-O file"],
    ["big-endian", header(0, 0xcffaedfe), "a big-endian Mach-O file"],
    ["an unknown processor", header(4, 0x0100_0012), "its processor is unknown (0x1000012)"],
    ["cut load commands", whole.subarray(0, 100), "its load commands go past the end of the file"],
    ["a load command of no size", header(36, 0), "load command 1 of 4 has a wrong size"],
    ["a load command too large", header(36, 0xffff_fff8), "load command 1 of 4 has a wrong size"],
    ["more load commands than fit", header(16, 5), "load command 5 of 5 has a wrong size"],
    ["fewer load commands", header(16, 3), "its load commands end before their stated end"],
    ["a short segment", machO({ more: [command(0x19, 16, [])] }), "of a segment is too short"],
    ["a short signature", machO({ more: [command(0x1d, 8, [])] }), "code signature is too short"],
    ["endless sections", header(32 + 64, 0xffff_ffff), "the sections of a segment go past"],
    ["a segment past the end", header(32 + 52, 0xffff_ffff), "segment __TEXT goes past the end"],
    ["no __LINKEDIT", header(LINKEDIT_AT + 8, 0x5f5f5f5f), "it has no __LINKEDIT"],
    ["two __TEXT", machO({ more: [segment("__TEXT", 0, 0)] }), "it has two __TEXT"],
    ["two signatures", header(LINKEDIT_AT + 72, 0x1d), "it has two code signatures"],
    ["a signature elsewhere", header(SIGNATURE_AT + 8, 4096), "lies outside of __LINKEDIT"],
    ["a signature past the end", header(SIGNATURE_AT + 12, 0xffff_ffff), "outside of __LINKEDIT"],
  ])("can't be told of a file with %s", (_, bytes, message) => {
    expect(() => signatureFaults(bytes)).toThrow(MoleculeError);
    expect(() => signatureFaults(bytes)).toThrow(message);
  });

  test.each([
    ["a signature of 8 bytes", header(SIGNATURE_AT + 12, 8), "it is too short"],
    ["no SuperBlob", signatureField(0, 0xfade0c02), "it does not start as one"],
    ["a SuperBlob too long", signatureField(4, 0xffff_ffff), "it is cut short"],
    ["endless blobs", signatureField(8, 0xffff_ffff), "it is cut short"],
    ["a blob elsewhere", signatureField(16, 0xffff_fff0), "blob 0 is cut short"],
    ["a blob of no size", field(4, 0), "blob 0 is cut short"],
    ["a slot twice", signatureField(20, 0), "it has two blobs 0"],
    ["overlapping blobs", signatureField(24, 36), "its blobs overlap"],
    ["no CodeDirectory", signatureField(12, 1), "it has no CodeDirectory"],
    ["another blob for it", field(0, 0xfade0c01), "its CodeDirectory is damaged"],
    ["an old CodeDirectory", field(8, 0x20100), "its CodeDirectory has the version 0x20100"],
    ["scattered hashes", field(44, 1), "its hashes are not of one range"],
    ["a second, larger limit", field(60, 1), "its hashes are not of one range"],
    ["SHA-1", field(36, 0x1401_000c), "its hashes are not SHA-256"],
    ["pages of 1 byte", field(36, 0x2002_0000), "its pages have 2^0 bytes"],
    ["endless pages", field(28, 0xffff_ffff), "its hashes go past its CodeDirectory"],
    ["endless seals", field(24, 0xffff_ffff), "its hashes go past its CodeDirectory"],
    ["a name elsewhere", field(20, 0xffff_ffff), "a text in its CodeDirectory has no end"],
    ["a team elsewhere", field(48, 0xffff_ffff), "a text in its CodeDirectory has no end"],
  ])("are that it can't be read with %s", (_, bytes, message) => {
    const [fault, ...more] = signatureFaults(bytes);
    expect(fault).toStartWith("the code signature can't be read: ");
    expect(fault).toContain(message);
    expect(more).toEqual([]);
  });

  test("are there in each file that was changed anywhere before its signature", () => {
    for (let at = 0; at < START; at++) {
      whole[at] = (whole[at] ?? 0) ^ 0x10;
      expect(isWhole(whole)).toBe(false);
      whole[at] = (whole[at] ?? 0) ^ 0x10;
    }
    expect(isWhole(whole)).toBe(true);
  });

  test("are there in each file that was cut short", () => {
    for (let size = 0; size < whole.length; size += 7) {
      expect(isWhole(whole.subarray(0, size))).toBe(false);
    }
  });
});

/** A file that can't be read at all is not whole. */
function isWhole(bytes: Uint8Array): boolean {
  try {
    return signatureFaults(bytes).length === 0;
  } catch (error) {
    if (!(error instanceof MoleculeError)) throw error;
    return false;
  }
}
