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
import { sha256 } from "./sha256.ts";
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

/**
 * Why the signature does not hold, in words; none where each page and blob is as it was signed. That
 * there is none, or one that can't be read, is a fault, too. Whether a certificate is a right one is
 * not checked. Throws a MoleculeError for what is no thin 64-bit Mach-O file.
 */
export function signatureFaults(bytes: Uint8Array): string[] {
  const file = parseMachO(bytes);
  if (file.signature === undefined) return ["it is not signed"];
  const { start, size } = file.signature;
  try {
    const blobs = readBlobs(bytes.subarray(start, start + size));
    const directory = readDirectory(blobs.get(Slot.directory));
    return [
      ...pageFaults(bytes, directory),
      ...rangeFaults(directory, file, bytes.length),
      ...signerFaults(blobs, directory),
      ...sealFaults(blobs, directory),
    ];
  } catch (error) {
    if (error instanceof MoleculeError) return [error.message];
    throw error;
  }
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
  const fields = [VERSION, AD_HOC, hashes, DIRECTORY_HEADER, SEALS, pages, codeLimit];
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

const AD_HOC = 0x2;
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
  for (const at of [view.getUint32(20), ...(team === 0 ? [] : [team])]) {
    if (bytes.indexOf(0, at) < 0) throw unreadable("a text in its CodeDirectory has no end");
  }
  const [from, size, segmentFlags] = [0, 8, 16].map((at) => view.getBigUint64(SEGMENT + at));
  return {
    adHoc: (view.getUint32(12) & AD_HOC) !== 0,
    codeLimit: view.getUint32(32),
    pageSize: 2 ** pageBits,
    pages,
    seals,
    hashAt: (slot: number) => bytes.subarray(hashes + slot * HASH, hashes + (slot + 1) * HASH),
    segment: [from, size, (segmentFlags ?? 0n) & 1n],
  };
}

function pageFaults(file: Uint8Array, directory: Directory): string[] {
  const { pages, pageSize, codeLimit, hashAt } = directory;
  const code = file.subarray(0, codeLimit);
  let right = 0;
  for (let page = 0; page < pages && page * pageSize < code.length; page++) {
    const content = code.subarray(page * pageSize, (page + 1) * pageSize);
    if (sha256(content).equals(hashAt(page))) right += 1;
  }
  return right < pages ? [`${pages - right} of ${pages} page hashes are wrong`] : [];
}

function rangeFaults(directory: Directory, file: MachO, fileSize: number): string[] {
  const { pages, codeLimit, pageSize, segment } = directory;
  const { start = 0, size = 0 } = file.signature ?? {};
  const needed = Math.ceil(codeLimit / pageSize);
  const right = executableSegment(file).every((field, index) => segment[index] === field);
  return stated([
    [pages !== needed, `it has ${pages} page hashes and needs ${needed}`],
    [codeLimit !== start, `its hashes end at byte ${codeLimit}, and it starts at byte ${start}`],
    [start + size !== fileSize, `it ends at byte ${start + size}, before the end of the file`],
    [!right, "it describes another executable segment than the file's"],
  ]);
}

function signerFaults(blobs: Blobs, { adHoc }: Directory): string[] {
  const certificate = (blobs.get(Slot.certificate)?.length ?? 0) > BLOB_HEADER;
  return stated([
    [!adHoc && !certificate, "it is not ad hoc and has no certificate"],
    [adHoc && certificate, "it is ad hoc and has a certificate"],
  ]);
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

function stated(faults: [is: boolean, text: string][]): string[] {
  return faults.filter(([is]) => is).map(([, text]) => text);
}
