/** What is signed here: small files, made byte by byte, for the large ones of a release. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { signAdHoc, signatureFaults } from "../../scripts/release/code-signature.ts";
import { parseMachO, withSignatureRoom } from "../../scripts/release/mach-o.ts";
import { MoleculeError } from "../../src/shared/errors.ts";
import {
  AD_HOC,
  changed,
  command,
  CONTENT,
  DIRECTORY,
  LINKEDIT_AT,
  LINKER,
  machO,
  SECTION_AT,
  segment,
  SIGNATURE_AT,
  signatureOf,
  signedFile,
  START,
  TEXT,
  UNSIGNED,
  VENDOR,
} from "./mach-o-files.ts";

/** What may be left of a signature that starts where the unsigned file ends. */
const OLD = new Uint8Array(64).fill(0xff);

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
    expect(signatureFaults(signed)).toEqual([]);
    const expected = machO({
      signature: new Uint8Array(signed.length - START),
      cpu: new DataView(file.buffer, file.byteOffset).getUint32(4, true),
    });
    expected.set(signatureOf(expected, AD_HOC), START);
    expect(Buffer.from(signed).equals(expected)).toBe(true);
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
    expect(signatureFaults(signAdHoc(library, "molecule"))).toEqual([]);
  });

  test("finds its room before the first section that has content", () => {
    const zeros = changed(machO(), (view) => view.setUint32(SECTION_AT + 48, 0, true));
    expect(signatureFaults(signAdHoc(zeros, "molecule"))).toEqual([]);
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

  const whole = signAdHoc(machO(), "molecule");
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
        unlessRefused(() => signatureFaults(bytes));
        unlessRefused(() => expect(signatureFaults(signAdHoc(bytes, "molecule"))).toEqual([]));
      }),
      { numRuns: 2000 },
    );
  });
});

/** Throws for all but the errors that are meant for people. */
function unlessRefused(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof MoleculeError)) throw error;
  }
}
