/** Small files, made here byte by byte, stand for the large ones of a release. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { inspectSignature, signAdHoc } from "../../scripts/release/code-signature.ts";
import { parseMachO, withSignatureRoom } from "../../scripts/release/mach-o.ts";
import { MoleculeError } from "../../src/shared/errors.ts";

const [TEXT, CONTENT] = [8192, 1001];
/** The end of the unsigned file, and the next multiple of 16, where a signature goes. */
const [UNSIGNED, START] = [TEXT + CONTENT, 9200];

type Command = (view: DataView) => void;
interface Shape {
  cpu?: number;
  signature?: Uint8Array;
  /** Where the first section starts: what is left for load commands. */
  section?: number;
  more?: Command[];
}

/** __TEXT, __LINKEDIT, LC_BUILD_VERSION and, with a signature, LC_CODE_SIGNATURE. */
function machO({
  cpu = 0x0100_0007,
  signature,
  section = 4096,
  more = [],
}: Shape = {}): Uint8Array {
  const bytes = new Uint8Array(signature ? START + signature.length : UNSIGNED);
  for (let at = section; at < UNSIGNED; at++) bytes[at] = (at * 31) % 251;
  const view = new DataView(bytes.buffer);
  const commands = [
    segment("__TEXT", 0, TEXT, section),
    segment("__LINKEDIT", TEXT, bytes.length - TEXT),
    command(0x32, 24, [1, 13 << 16, 0, 0]),
    ...(signature ? [command(0x1d, 16, [START, signature.length])] : []),
    ...more,
  ];
  let at = 32;
  for (const write of commands) {
    write(new DataView(bytes.buffer, at));
    at += view.getUint32(at + 4, true);
  }
  [0xfeedfacf, cpu, 3, 2, commands.length, at - 32].forEach((field, index) =>
    view.setUint32(index * 4, field, true),
  );
  if (signature) bytes.set(signature, START);
  return bytes;
}

function command(kind: number, size: number, fields: number[]): Command {
  return (view) => [kind, size, ...fields].forEach((it, at) => view.setUint32(at * 4, it, true));
}

function segment(name: string, start: number, size: number, section?: number): Command {
  return (view) => {
    command(0x19, section === undefined ? 72 : 152, [])(view);
    [...name].forEach((letter, at) => view.setUint8(8 + at, letter.charCodeAt(0)));
    const [address, memory] = [0x1_0000_0000n + BigInt(start), BigInt(Math.ceil(size / 16_384))];
    [address, memory * 16_384n, BigInt(start), BigInt(size)].forEach((field, at) =>
      view.setBigUint64(24 + at * 8, field, true),
    );
    if (section === undefined) return;
    view.setUint32(64, 1, true);
    view.setUint32(72 + 48, section, true);
  };
}

interface Seal {
  flags: number;
  identifier: string;
  team?: string;
  pageBits?: number;
  limit?: number;
  /** Those besides the CodeDirectory, by slot. */
  blobs?: [slot: number, bytes: Buffer][];
}

const u32 = (...fields: number[]) => Buffer.concat(fields.map((it) => Buffer.from(hex(it), "hex")));
const hex = (field: number) => field.toString(16).padStart(8, "0");
const blob = (magic: number, content: Buffer) =>
  Buffer.concat([u32(magic, content.length + 8), content]);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();

/** A signature as cs_blobs.h lays it out; written apart from the code under test. */
function signatureOf(file: Uint8Array, seal: Seal): Buffer {
  const { flags, identifier, team, pageBits = 12, limit = START, blobs = [] } = seal;
  const hashes: Buffer[] = [];
  for (let at = 0; at < limit; at += 2 ** pageBits) {
    hashes.push(sha256(file.subarray(at, Math.min(at + 2 ** pageBits, limit))));
  }
  const seals = Math.max(0, ...blobs.map(([slot]) => (slot < 0x1000 ? slot : 0)));
  const special = Array.from({ length: seals }, (_, index) => {
    const sealed = blobs.find(([slot]) => slot === seals - index);
    return sealed ? sha256(sealed[1]) : Buffer.alloc(32);
  });
  const texts = Buffer.from(`${identifier}\0${team === undefined ? "" : `${team}\0`}`);
  const start = 88 + texts.length + seals * 32;
  const head = u32(0x20400, flags, start, 88, seals, hashes.length, limit);
  const teamAt = team === undefined ? 0 : 88 + identifier.length + 1;
  const segmentFields = u32(0, teamAt, 0, 0, 0, 0, 0, 0, TEXT, 0, 1);
  const sizes = Buffer.from([32, 2, 0, pageBits, 0, 0, 0, 0]);
  const parts = [head, sizes, segmentFields, texts, ...special, ...hashes];
  const all: [number, Buffer][] = [[0, blob(0xfade0c02, Buffer.concat(parts))], ...blobs];
  let place = all.length * 8 + 12;
  const index = all.map(([slot, { length }]) => u32(slot, (place += length) - length));
  const entries = u32(all.length);
  return blob(0xfade0cc0, Buffer.concat([entries, ...index, ...all.map(([, it]) => it)]));
}

/** The file with its signature; the hashes are of the file that already states its size. */
function signedFile(seal: Seal, shape: Shape = {}): Uint8Array {
  const size = signatureOf(new Uint8Array(START), seal).length;
  const file = machO({ ...shape, signature: new Uint8Array(size) });
  file.set(signatureOf(file, seal), START);
  return file;
}

const requirements = blob(0xfade0c01, u32(0));
const AD_HOC: Seal = {
  flags: 2,
  identifier: "molecule",
  blobs: [
    [2, requirements],
    [0x10000, blob(0xfade0b01, Buffer.alloc(0))],
  ],
};
const VENDOR: Seal = {
  flags: 0x10000,
  identifier: "bun",
  team: "7FRXF46ZSN",
  blobs: [
    [2, requirements],
    [5, blob(0xfade7171, Buffer.from("<plist/>"))],
    [7, blob(0xfade7172, Buffer.from([0x70, 0]))],
    [0x10000, blob(0xfade0b01, Buffer.from("a certificate"))],
  ],
};
const LINKER: Seal = { flags: 0x20002, identifier: "a.out" };

const faultsOf = (bytes: Uint8Array) => inspectSignature(bytes).faults;
const changed = (bytes: Uint8Array, change: (view: DataView, bytes: Uint8Array) => void) => {
  const copy = bytes.slice();
  change(new DataView(copy.buffer), copy);
  return copy;
};
/** The load commands of a file made here. */
const [SECTION_AT, LINKEDIT_AT, SIGNATURE_AT] = [32 + 72, 32 + 152, 32 + 152 + 72 + 24];
/** What may be left of a signature that starts where the unsigned file ends. */
const OLD = new Uint8Array(64).fill(0xff);
/** The CodeDirectory of an ad-hoc signature with two more blobs. */
const DIRECTORY = START + 12 + 3 * 8;

describe("an ad-hoc signature", () => {
  test("is, byte for byte, the one that the format's description gives, padded to 16 bytes", () => {
    // It also says how much memory __LINKEDIT takes, whatever stood there.
    const unsigned = changed(machO(), (view) => view.setUint32(LINKEDIT_AT + 32, 1, true));
    const signed = signAdHoc(unsigned, "molecule");
    const size = signed.length - START;
    const expected = machO({ signature: new Uint8Array(size) });
    expected.set(signatureOf(expected, AD_HOC), START);
    expect(size % 16).toBe(0);
    expect(Buffer.from(signed).equals(expected)).toBe(true);
  });

  test.each([
    ["an unsigned file", machO()],
    ["a vendor's signature", signedFile(VENDOR)],
    ["a vendor's signature for pages of 16 KiB", signedFile({ ...VENDOR, pageBits: 14 })],
    ["a linker's signature", signedFile(LINKER)],
    ["a broken signature", signedFile({ ...VENDOR, limit: 5000 })],
    ["what can't be read as one", machO({ signature: new Uint8Array(64) })],
    ["that of the other processor", signedFile(LINKER, { cpu: 0x0100_000c })],
  ])("takes the place of %s and is whole", (_, file) => {
    const before = file.slice();
    const signed = signAdHoc(file, "molecule");
    expect(file).toEqual(before);
    expect(signed.subarray(TEXT, UNSIGNED)).toEqual(file.subarray(TEXT, UNSIGNED));
    const { faults, ...rest } = inspectSignature(signed);
    expect(faults).toEqual([]);
    expect(rest).toEqual({
      ...{ identifier: "molecule", team: undefined, flags: 2, adHoc: true, hash: "sha256" },
      ...{ linkerSigned: false, hardenedRuntime: false, certificate: false, entitlements: false },
      ...{ pageSize: 4096, pages: 3, rightPages: 3, codeLimit: START, start: START },
      ...{ end: signed.length, endsAtEndOfFile: true },
    });
    expect(signAdHoc(signed, "molecule")).toEqual(signed);
  });

  test("leaves nothing of the one before it, wherever that started", () => {
    const old = Buffer.concat([machO({ more: [command(0x1d, 16, [UNSIGNED, 64])] }), OLD]);
    const file = changed(old, (view) => view.setUint32(LINKEDIT_AT + 48, CONTENT + 64, true));
    expect(signAdHoc(file, "molecule")).toEqual(signAdHoc(machO(), "molecule"));
  });

  test("says whether the file is a program", () => {
    const library = changed(machO(), (view) => view.setUint32(12, 6, true));
    const mark = (bytes: Uint8Array) => signAdHoc(bytes, "molecule")[DIRECTORY + 87];
    expect([mark(machO()), mark(library)]).toEqual([1, 0]);
    expect(faultsOf(signAdHoc(library, "molecule"))).toEqual([]);
  });

  test("finds its room before the first section that has content", () => {
    const zeros = changed(machO(), (view) => view.setUint32(SECTION_AT + 48, 0, true));
    expect(faultsOf(signAdHoc(zeros, "molecule"))).toEqual([]);
    const full = machO({ section: SIGNATURE_AT + 8 });
    const fullOfZeros = changed(full, (_, bytes) => void bytes.fill(0, SIGNATURE_AT, TEXT));
    for (const bytes of [full, fullOfZeros]) {
      expect(() => signAdHoc(bytes, "molecule")).toThrow("no room for the load command");
    }
  });

  test("is refused where room for it would have to be cut from something else", () => {
    const sign = (bytes: Uint8Array) => () => signAdHoc(bytes, "molecule");
    const used = changed(machO(), (_, bytes) => void (bytes[SIGNATURE_AT + 3] = 1));
    expect(sign(used)).toThrow("no room for the load command");
    expect(sign(Buffer.concat([machO(), Buffer.alloc(5)]))).toThrow("__LINKEDIT ends 5 bytes");
    const early = changed(signedFile(LINKER), (view) => {
      view.setUint32(SIGNATURE_AT + 12, view.getUint32(SIGNATURE_AT + 12, true) - 16, true);
    });
    expect(sign(early)).toThrow("its code signature ends 16 bytes before its end");
    const behind = machO({ more: [segment("__LAST", TEXT + 100, 0)] });
    expect(sign(behind)).toThrow("__LINKEDIT is not its last segment");
    const long = () => withSignatureRoom(machO(), parseMachO(machO()), 0xffff_ffff);
    expect(long).toThrow("the file is too long for a signature");
  });

  test.each(["", "two words", "a\0b", "../x", "ä", "a".repeat(256)])(
    "has no name like %j",
    (name) => {
      expect(() => signAdHoc(machO(), name)).toThrow("can't be the identifier");
    },
  );
});

describe("an inspection", () => {
  test("reads a vendor's signature", () => {
    expect(inspectSignature(signedFile(VENDOR))).toMatchObject({
      ...{ identifier: "bun", team: "7FRXF46ZSN", hardenedRuntime: true, adHoc: false },
      ...{ certificate: true, entitlements: true, pages: 3, rightPages: 3, faults: [] },
    });
    expect(inspectSignature(signedFile(LINKER))).toMatchObject({
      ...{ identifier: "a.out", linkerSigned: true, adHoc: true, faults: [] },
    });
  });

  test("finds hashes that end before the signature, and pages that have changed", () => {
    const stale = changed(signedFile({ ...VENDOR, limit: 5000 }), (_, bytes) => {
      bytes[4999] = 0;
      bytes[3000] = 1;
    });
    expect(inspectSignature(stale)).toMatchObject({ pages: 2, rightPages: 0, codeLimit: 5000 });
    expect(faultsOf(stale)).toEqual([
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
  ])("finds %s", (_, bytes, fault) => {
    expect(faultsOf(bytes).join("\n")).toContain(fault);
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
    ["no signature", machO(), "the file has no code signature"],
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
  ])("of a file with %s ends in a clear error", (_, bytes, message) => {
    expect(() => inspectSignature(bytes)).toThrow(MoleculeError);
    expect(() => inspectSignature(bytes)).toThrow(message);
  });

  test("calls no file whole that was changed anywhere before its signature", () => {
    for (let at = 0; at < START; at++) {
      whole[at] = (whole[at] ?? 0) ^ 0x10;
      expect(isWhole(whole)).toBe(false);
      whole[at] = (whole[at] ?? 0) ^ 0x10;
    }
    expect(isWhole(whole)).toBe(true);
  });

  test("calls no file whole that was cut short", () => {
    for (let size = 0; size < whole.length; size += 7) {
      expect(isWhole(whole.subarray(0, size))).toBe(false);
    }
  });

  test("ends in a result or a clear error, whatever numbers stand in the file", () => {
    const places = fc.oneof(
      fc.integer({ min: 0, max: SIGNATURE_AT + 16 }),
      fc.integer({ min: START, max: whole.length - 4 }),
    );
    const value = fc.oneof(fc.integer({ min: 0, max: 64 }), fc.nat(0xffff_ffff));
    const edits = fc.array(fc.tuple(places, value, fc.boolean()), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(edits, (list) => {
        const bytes = changed(whole, (view) => {
          for (const [at, number, little] of list) view.setUint32(at, number, little);
        });
        isWhole(bytes);
        unlessRefused(() => expect(isWhole(signAdHoc(bytes, "molecule"))).toBe(true));
      }),
      { numRuns: 2000 },
    );
  });
});

/** Throws for all but the errors that are meant for people. */
function isWhole(bytes: Uint8Array): boolean {
  let faults: string[] | undefined;
  unlessRefused(() => (faults = faultsOf(bytes)));
  return faults?.length === 0;
}

function unlessRefused(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof MoleculeError)) throw error;
  }
}
