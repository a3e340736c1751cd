/**
 * The code signature of a macOS program: read, checked and made without a Mac. It is a SuperBlob of
 * blobs, one of which, the CodeDirectory, holds a SHA-256 hash for each page of the file up to the
 * signature and for some of the other blobs (xnu, osfmk/kern/cs_blobs.h). Its numbers are big-endian.
 */
import { MoleculeError } from "../../src/shared/errors.ts";
import {
  type MachO,
  parseMachO,
  roundUp,
  signatureStart,
  viewOf,
  withSignatureRoom,
} from "./mach-o.ts";
import {
  BLOB_HEADER,
  type Blobs,
  Magic,
  newBlob,
  readBlobs,
  sizeOf,
  Slot,
  unreadable,
  writeBlobs,
} from "./signature-blobs.ts";

/** What a signature says of itself, and how much of it is true. */
export interface CodeSignature {
  identifier: string;
  /** The team of a Developer ID; undefined for an ad-hoc signature. */
  team: string | undefined;
  /** All of the flags, and three of them by name. */
  flags: number;
  adHoc: boolean;
  /** Made by a linker; codesign replaces it without --force. */
  linkerSigned: boolean;
  /** With the hardened runtime a just-in-time compiler needs entitlements; without it, none. */
  hardenedRuntime: boolean;
  /** There is a certificate's signature. Whether it is a right one is not checked here. */
  certificate: boolean;
  entitlements: boolean;
  hash: "sha256";
  pageSize: number;
  /** How many pages have a hash, and how many of those are right. */
  pages: number;
  rightPages: number;
  /** Where the hashed part of the file ends, and where the signature starts and ends, in bytes. */
  codeLimit: number;
  start: number;
  end: number;
  endsAtEndOfFile: boolean;
  /** Why the file is not whole, in words. Empty: every page and blob is as it was signed. */
  faults: string[];
}

/**
 * Reads the signature and hashes every page again. Throws a MoleculeError for what is no thin 64-bit
 * Mach-O file, has no signature, or has one that can't be read; all else is told as a fault.
 */
export function inspectSignature(bytes: Uint8Array): CodeSignature {
  const file = parseMachO(bytes);
  if (file.signature === undefined) {
    throw new MoleculeError("the file has no code signature", {
      hint: "Sign it: Apple silicon starts nothing that is unsigned.",
    });
  }
  const { start, size } = file.signature;
  const blobs = readBlobs(bytes.subarray(start, start + size));
  const directory = readDirectory(blobs.get(Slot.directory));
  const { flags } = directory.claims;
  const signature: CodeSignature = {
    ...directory.claims,
    adHoc: (flags & Flag.adHoc) !== 0,
    linkerSigned: (flags & Flag.linkerSigned) !== 0,
    hardenedRuntime: (flags & Flag.hardenedRuntime) !== 0,
    certificate: (blobs.get(Slot.certificate)?.length ?? 0) > BLOB_HEADER,
    entitlements: blobs.has(Slot.entitlements) || blobs.has(Slot.der),
    rightPages: countRightPages(bytes, directory),
    start,
    end: start + size,
    endsAtEndOfFile: start + size === bytes.length,
    faults: sealFaults(blobs, directory),
  };
  signature.faults.unshift(...rangeFaults(signature, directory, file));
  return signature;
}

/**
 * A copy of the file with an ad-hoc signature in place of the one it has, if any: what
 * `codesign --force --sign -` writes. So it has no entitlements, which are exceptions from the
 * hardened runtime that it does not ask for. The same input gives the same bytes, and signing twice
 * changes nothing. Throws a MoleculeError for a file that has no place for it (mach-o.ts).
 */
export function signAdHoc(bytes: Uint8Array, identifier: string): Uint8Array {
  if (!/^[A-Za-z0-9._-]{1,255}$/.test(identifier)) {
    throw new MoleculeError(`"${identifier}" can't be the identifier of a signature`, {
      hint: "Use letters, digits, dots, hyphens and underscores, such as molecule.",
    });
  }
  const file = parseMachO(bytes);
  const codeLimit = signatureStart(file, bytes.length);
  const hashes = DIRECTORY_HEADER + identifier.length + 1 + SEALS * HASH;
  const pages = Math.ceil(codeLimit / PAGE);
  const directory = newBlob(Magic.directory, hashes + pages * HASH);
  // A list of no requirements and an empty certificate: codesign writes these, too.
  const requirements = newBlob(Magic.list, BLOB_HEADER + 4);
  const blobs = new Map([
    [Slot.directory, directory],
    [Slot.requirements, requirements],
    [Slot.certificate, newBlob(Magic.cms, BLOB_HEADER)],
  ]);
  const signed = withSignatureRoom(bytes, file, roundUp(sizeOf(blobs), 16));

  const view = viewOf(directory);
  const fields = [VERSION, Flag.adHoc, hashes, DIRECTORY_HEADER, SEALS, pages, codeLimit];
  fields.forEach((field, index) => view.setUint32(BLOB_HEADER + index * 4, field));
  directory.set([HASH, SHA256, 0, Math.log2(PAGE)], 36);
  const segment = executableSegment(file);
  segment.forEach((field, index) => view.setBigUint64(SEGMENT + index * 8, field));
  directory.set(new TextEncoder().encode(identifier), DIRECTORY_HEADER);
  directory.set(sha256(requirements), hashes - SEALS * HASH);
  for (let page = 0; page < pages; page++) {
    const code = signed.subarray(page * PAGE, Math.min((page + 1) * PAGE, codeLimit));
    directory.set(sha256(code), hashes + page * HASH);
  }
  writeBlobs(signed.subarray(codeLimit), blobs);
  return signed;
}

const Flag = { adHoc: 0x2, linkerSigned: 0x2_0000, hardenedRuntime: 0x1_0000 };
/** Those in the signature itself; an Info.plist (1) and a bundle's resources (3) are elsewhere. */
const EMBEDDED = new Set([Slot.requirements, Slot.entitlements, Slot.der]);
/** Slots that a CodeDirectory can hold the hash of, and how many of them codesign's does. */
const LAST_SEAL = 11;
const SEALS = 2;
/** A kernel may prefer a CodeDirectory with another kind of hash; current signatures have none. */
const OTHER_DIRECTORIES = [0x1000, 0x1001, 0x1002, 0x1003, 0x1004];
/** The version since macOS 10.14, which states the executable segment: start, size and flags. */
const VERSION = 0x2_0400;
const DIRECTORY_HEADER = 88;
const SEGMENT = 64;
const SHA256 = 2;
const HASH = 32;
const PAGE = 4096;

type Directory = ReturnType<typeof readDirectory>;

/** What it claims goes to the caller; the rest is its layout. */
function readDirectory(bytes: Uint8Array | undefined) {
  if (bytes === undefined) throw unreadable("it has no CodeDirectory");
  const view = viewOf(bytes);
  if (bytes.length < DIRECTORY_HEADER || view.getUint32(0) !== Magic.directory) {
    throw unreadable("its CodeDirectory is damaged");
  }
  const version = view.getUint32(8);
  if (version < VERSION || version > 0x2_ffff) {
    throw unreadable(`its CodeDirectory has the version 0x${version.toString(16)}`);
  }
  if (view.getUint32(44) !== 0 || view.getBigUint64(56) !== 0n) {
    throw unreadable("its hashes are not of one range at the start of the file");
  }
  const [hashes, seals, pages] = [view.getUint32(16), view.getUint32(24), view.getUint32(28)];
  if (bytes[36] !== HASH || bytes[37] !== SHA256) throw unreadable("its hashes are not SHA-256");
  if (hashes - seals * HASH < DIRECTORY_HEADER || hashes + pages * HASH > bytes.length) {
    throw unreadable("its hashes go past its CodeDirectory");
  }
  const pageBits = bytes[39] ?? 0;
  if (pageBits < 12 || pageBits > 16) throw unreadable(`its pages have 2^${pageBits} bytes`);
  const team = view.getUint32(48);
  const claims = {
    identifier: textAt(bytes, view.getUint32(20)),
    team: team === 0 ? undefined : textAt(bytes, team),
    flags: view.getUint32(12),
    hash: "sha256" as const,
    pageSize: 2 ** pageBits,
    pages,
    codeLimit: view.getUint32(32),
  };
  const hashAt = (slot: number) => bytes.subarray(hashes + slot * HASH, hashes + (slot + 1) * HASH);
  const [from, size, flags] = [0, 8, 16].map((at) => view.getBigUint64(SEGMENT + at));
  return { claims, seals, hashAt, segment: [from, size, (flags ?? 0n) & 1n] };
}

function countRightPages(file: Uint8Array, { claims, hashAt }: Directory): number {
  const { pages, pageSize, codeLimit } = claims;
  const code = file.subarray(0, codeLimit);
  let right = 0;
  for (let page = 0; page < pages && page * pageSize < code.length; page++) {
    const content = code.subarray(page * pageSize, (page + 1) * pageSize);
    if (sha256(content).equals(hashAt(page))) right += 1;
  }
  return right;
}

function rangeFaults(signature: CodeSignature, { segment }: Directory, file: MachO): string[] {
  const { pages, rightPages, codeLimit, pageSize, start, end } = signature;
  const needed = Math.ceil(codeLimit / pageSize);
  const right = executableSegment(file).every((field, index) => segment[index] === field);
  const faults: [boolean, string][] = [
    [rightPages < pages, `${pages - rightPages} of ${pages} page hashes are wrong`],
    [pages !== needed, `it has ${pages} page hashes and needs ${needed}`],
    [codeLimit !== start, `its hashes end at byte ${codeLimit}, and it starts at byte ${start}`],
    [!signature.endsAtEndOfFile, `it ends at byte ${end}, before the end of the file`],
    [!signature.adHoc && !signature.certificate, "it is not ad hoc and has no certificate"],
    [signature.adHoc && signature.certificate, "it is ad hoc and has a certificate"],
    [!right, "it describes another executable segment than the file's"],
  ];
  return faults.filter(([is]) => is).map(([, text]) => text);
}

/** The hashes of other blobs stand before those of the pages, that of slot 1 last. */
function sealFaults(blobs: Blobs, { seals, hashAt }: Directory): string[] {
  const faults: string[] = [];
  for (let slot = 1; slot <= LAST_SEAL; slot++) {
    const blob = blobs.get(slot);
    const stated = slot <= seals ? hashAt(-slot) : new Uint8Array(HASH);
    if (blob && !sha256(blob).equals(stated)) faults.push(`the hash of its blob ${slot} is wrong`);
    const lost = !blob && EMBEDDED.has(slot) && stated.some((byte) => byte !== 0);
    if (lost) faults.push(`its blob ${slot} is missing`);
  }
  const others = OTHER_DIRECTORIES.some((slot) => blobs.has(slot));
  return others ? [...faults, "it has a second CodeDirectory, which was not checked"] : faults;
}

/** Start, size and CS_EXECSEG_MAIN_BINARY. */
function executableSegment({ text, main }: MachO): bigint[] {
  return [BigInt(text.start), BigInt(text.size), main ? 1n : 0n];
}

function sha256(bytes: Uint8Array): Buffer {
  return Bun.CryptoHasher.hash("sha256", bytes);
}

function textAt(bytes: Uint8Array, at: number): string {
  const end = at < bytes.length ? bytes.indexOf(0, at) : -1;
  if (end < 0) throw unreadable("a text in its CodeDirectory has no end");
  return new TextDecoder().decode(bytes.subarray(at, end));
}
