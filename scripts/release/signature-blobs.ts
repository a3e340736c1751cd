/**
 * The SuperBlob of a code signature: blobs with a magic number and a length, each under the number of
 * its slot (xnu, osfmk/kern/cs_blobs.h). Its numbers are big-endian.
 */
import { MoleculeError } from "../../src/shared/errors.ts";
import { viewOf } from "./mach-o.ts";

/** By slot. */
export type Blobs = Map<number, Uint8Array>;

export const Slot = {
  directory: 0,
  requirements: 2,
  entitlements: 5,
  der: 7,
  certificate: 0x1_0000,
};
export const Magic = {
  super: 0xfade0cc0,
  directory: 0xfade0c02,
  list: 0xfade0c01,
  cms: 0xfade0b01,
};

/** Magic number and length, in bytes. */
export const BLOB_HEADER = 8;

/**
 * The blobs of a signature. Throws a MoleculeError where it is damaged, and for blobs that overlap:
 * many of one large one would take hours to hash.
 */
export function readBlobs(bytes: Uint8Array): Blobs {
  const view = viewOf(bytes);
  if (bytes.length < 12) throw unreadable("it is too short");
  if (view.getUint32(0) !== Magic.super) throw unreadable("it does not start as one");
  const [length, count] = [view.getUint32(4), view.getUint32(8)];
  if (length > bytes.length || 12 + count * 8 > length) throw unreadable("it is cut short");
  const blobs: Blobs = new Map();
  let total = 12 + count * 8;
  for (let index = 0; index < count; index++) {
    const [slot, at] = [view.getUint32(12 + index * 8), view.getUint32(16 + index * 8)];
    const size = at + BLOB_HEADER > length ? 0 : view.getUint32(at + 4);
    if (size < BLOB_HEADER || at + size > length) throw unreadable(`blob ${slot} is cut short`);
    if (blobs.has(slot)) throw unreadable(`it has two blobs ${slot}`);
    total += size;
    if (total > length) throw unreadable("its blobs overlap");
    blobs.set(slot, bytes.subarray(at, at + size));
  }
  return blobs;
}

/** An empty blob of so many bytes. */
export function newBlob(magic: number, size: number): Uint8Array {
  const blob = new Uint8Array(size);
  viewOf(blob).setUint32(0, magic);
  viewOf(blob).setUint32(4, size);
  return blob;
}

/** The length of the SuperBlob that they make. */
export function sizeOf(blobs: Blobs): number {
  return [...blobs.values()].reduce((sum, { length }) => sum + length, 12 + blobs.size * 8);
}

/** Writes the SuperBlob at the start of the given bytes. */
export function writeBlobs(into: Uint8Array, blobs: Blobs): void {
  const view = viewOf(into);
  const head = [Magic.super, sizeOf(blobs), blobs.size];
  head.forEach((field, index) => view.setUint32(index * 4, field));
  let [entry, place] = [12, 12 + blobs.size * 8];
  for (const [slot, blob] of blobs) {
    view.setUint32(entry, slot);
    view.setUint32(entry + 4, place);
    into.set(blob, place);
    entry += 8;
    place += blob.length;
  }
}

/** The error for a signature that is not what it should be. */
export function unreadable(what: string): MoleculeError {
  return new MoleculeError(`the code signature can't be read: ${what}`, {
    hint: "Build the file again, or sign it anew.",
  });
}
