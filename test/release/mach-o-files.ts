/** Small Mach-O files, made byte by byte, stand for the large ones of a release. */
import { createHash } from "node:crypto";

export const [TEXT, CONTENT] = [8192, 1001];
/** The end of the unsigned file, and the next multiple of 16, where a signature goes. */
export const [UNSIGNED, START] = [TEXT + CONTENT, 9200];

type Command = (view: DataView) => void;
export interface Shape {
  cpu?: number;
  signature?: Uint8Array;
  /** Where the first section starts: what is left for load commands. */
  section?: number;
  more?: Command[];
}

/** __TEXT, __LINKEDIT, LC_BUILD_VERSION and, with a signature, LC_CODE_SIGNATURE. */
export function machO({
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

export function command(kind: number, size: number, fields: number[]): Command {
  return (view) => [kind, size, ...fields].forEach((it, at) => view.setUint32(at * 4, it, true));
}

export function segment(name: string, start: number, size: number, section?: number): Command {
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

export interface Seal {
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
export function signatureOf(file: Uint8Array, seal: Seal): Buffer {
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
export function signedFile(seal: Seal, shape: Shape = {}): Uint8Array {
  const size = signatureOf(new Uint8Array(START), seal).length;
  const file = machO({ ...shape, signature: new Uint8Array(size) });
  file.set(signatureOf(file, seal), START);
  return file;
}

export const requirements = blob(0xfade0c01, u32(0));
export const AD_HOC: Seal = {
  flags: 2,
  identifier: "molecule",
  blobs: [
    [2, requirements],
    [0x10000, blob(0xfade0b01, Buffer.alloc(0))],
  ],
};
export const VENDOR: Seal = {
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
export const LINKER: Seal = { flags: 0x20002, identifier: "a.out" };

export const changed = (bytes: Uint8Array, change: (view: DataView, bytes: Uint8Array) => void) => {
  const copy = bytes.slice();
  change(new DataView(copy.buffer), copy);
  return copy;
};
/** The load commands of a file made here. */
export const [SECTION_AT, LINKEDIT_AT, SIGNATURE_AT] = [32 + 72, 32 + 152, 32 + 152 + 72 + 24];
/** The CodeDirectory of an ad-hoc signature with two more blobs. */
export const DIRECTORY = START + 12 + 3 * 8;
