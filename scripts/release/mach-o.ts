/**
 * A program for macOS as far as its code signature needs it: a thin 64-bit Mach-O file, of the two
 * processors that there are (Apple's mach-o/loader.h). All its numbers are little-endian.
 */
import { MoleculeError } from "../../src/shared/errors.ts";

/** A part of the file that is mapped into memory. */
export interface Segment {
  name: string;
  /** Where its load command stands, in bytes from the start of the file. */
  command: number;
  address: bigint;
  /** Where its content starts in the file, and how many bytes of it there are. */
  start: number;
  size: number;
}

export interface MachO {
  arch: "x64" | "arm64";
  /** A program that can be started, not a library or an object file. */
  main: boolean;
  commands: { count: number; end: number };
  /** Where the first section's content starts: load commands may grow up to here. */
  firstSection: number;
  segments: Segment[];
  text: Segment;
  linkedit: Segment;
  /** Where LC_CODE_SIGNATURE stands, and what it points to; undefined for an unsigned file. */
  signature: { command: number; start: number; size: number } | undefined;
}

/** Whether the first bytes are those of a Mach-O file of any kind, also of one not read here. */
export function isMachO(bytes: Uint8Array): boolean {
  const magic = bytes.length < 4 ? 0 : viewOf(bytes).getUint32(0, true);
  return magic === MAGIC || magic in KINDS;
}

/**
 * Reads the header and the load commands. Every range in the result lies inside the file; throws a
 * MoleculeError that says what is wrong with it otherwise.
 */
export function parseMachO(bytes: Uint8Array): MachO {
  const view = viewOf(bytes);
  if (bytes.length < HEADER) throw damaged("it is too short for a header");
  const magic = view.getUint32(0, true);
  if (magic !== MAGIC) throw wrongKind(magic);
  const cpu = view.getUint32(4, true);
  const arch = ARCHES[cpu];
  if (arch === undefined) throw damaged(`its processor is unknown (0x${cpu.toString(16)})`);

  const commands = { count: view.getUint32(16, true), end: HEADER + view.getUint32(20, true) };
  if (commands.end > bytes.length) throw damaged("its load commands go past the end of the file");
  const found = readCommands(view, commands);
  const text = only(found.segments, "__TEXT");
  const linkedit = only(found.segments, "__LINKEDIT");
  const { signature } = found;
  if (signature && (signature.start < linkedit.start || endOf(signature) > endOf(linkedit))) {
    throw damaged("its code signature lies outside of __LINKEDIT");
  }
  return { arch, main: view.getUint32(12, true) === EXECUTE, commands, ...found, text, linkedit };
}

/**
 * Where a new signature starts: where the present one does, or at the end of an unsigned file, and
 * at a multiple of 16 bytes, as codesign_allocate has it. Throws when anything lies behind, because
 * making room would cut it off.
 */
export function signatureStart(file: MachO, fileSize: number): number {
  const { signature, linkedit } = file;
  if (signature && endOf(signature) !== fileSize) {
    throw damaged(`its code signature ends ${fileSize - endOf(signature)} bytes before its end`);
  }
  if (endOf(linkedit) !== fileSize) {
    throw damaged(`__LINKEDIT ends ${fileSize - endOf(linkedit)} bytes before the end of the file`);
  }
  return roundUp(signature?.start ?? fileSize, ALIGNMENT);
}

/**
 * A copy of the file that ends with `size` zero bytes for a signature, with its load commands and
 * __LINKEDIT changed to say so. Throws when there is no place for a load command that is missing.
 */
export function withSignatureRoom(bytes: Uint8Array, file: MachO, size: number): Uint8Array {
  const { linkedit } = file;
  const start = signatureStart(file, bytes.length);
  if (start + size > 0xffff_ffff) throw new MoleculeError("the file is too long for a signature");
  // It grows, and nothing may lie behind it in memory.
  if (file.segments.some(({ address }) => address > linkedit.address)) {
    throw damaged("__LINKEDIT is not its last segment");
  }

  const copy = new Uint8Array(start + size);
  copy.set(bytes.subarray(0, file.signature?.start ?? bytes.length));
  const view = viewOf(copy);
  const command = file.signature?.command ?? addCommand(copy, view, file);
  view.setUint32(command + 8, start, true);
  view.setUint32(command + 12, size, true);
  const linkeditSize = copy.length - linkedit.start;
  view.setBigUint64(linkedit.command + 32, BigInt(roundUp(linkeditSize, MEMORY_PAGE)), true);
  view.setBigUint64(linkedit.command + 48, BigInt(linkeditSize), true);
  return copy;
}

/** The bytes as numbers, in place. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The next multiple of `to` that is no less than the value. */
export function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

const HEADER = 32;
const MAGIC = 0xfeedfacf;
const EXECUTE = 2;
const ARCHES: Record<number, MachO["arch"]> = { 0x0100_0007: "x64", 0x0100_000c: "arm64" };
const LC_SEGMENT_64 = 0x19;
const LC_CODE_SIGNATURE = 0x1d;
const SEGMENT_COMMAND = 72;
const SECTION = 80;
const SIGNATURE_COMMAND = 16;
const ALIGNMENT = 16;
/** That of Apple silicon; a multiple of that of Intel. */
const MEMORY_PAGE = 16_384;

const KINDS: Record<number, string> = {
  0xfeedface: "a 32-bit Mach-O file",
  0xcefaedfe: "a 32-bit, big-endian Mach-O file",
  0xcffaedfe: "a big-endian Mach-O file",
  0xbebafeca: "a universal file, which holds programs for several processors",
  0xbfbafeca: "a universal file, which holds programs for several processors",
};

function wrongKind(magic: number): MoleculeError {
  return new MoleculeError(`the file is ${KINDS[magic] ?? "not a Mach-O file"}`, {
    hint: "Give a 64-bit Mach-O file for one processor, as bun build makes it.",
  });
}

function readCommands(view: DataView, commands: MachO["commands"]) {
  const segments: Segment[] = [];
  let signature: MachO["signature"];
  let firstSection = view.byteLength;
  let at = HEADER;
  for (let index = 0; index < commands.count; index++) {
    const left = commands.end - at;
    const size = left < 8 ? 0 : view.getUint32(at + 4, true);
    if (size < 8 || size > left || size % 8 !== 0) {
      throw damaged(`load command ${index + 1} of ${commands.count} has a wrong size`);
    }
    const kind = view.getUint32(at, true);
    if (kind === LC_SEGMENT_64) {
      segments.push(readSegment(view, at, size));
      firstSection = Math.min(firstSection, firstSectionOf(view, at, size));
    } else if (kind === LC_CODE_SIGNATURE) {
      if (signature) throw damaged("it has two code signatures");
      if (size < SIGNATURE_COMMAND)
        throw damaged("the load command of its code signature is too short");
      const [start, length] = [view.getUint32(at + 8, true), view.getUint32(at + 12, true)];
      signature = { command: at, start, size: length };
    }
    at += size;
  }
  if (at !== commands.end) throw damaged("its load commands end before their stated end");
  return { segments, signature, firstSection };
}

function readSegment(view: DataView, at: number, size: number): Segment {
  if (size < SEGMENT_COMMAND) throw damaged("the load command of a segment is too short");
  const name = textAt(view, at + 8);
  const start = view.getBigUint64(at + 40, true);
  const length = view.getBigUint64(at + 48, true);
  if (start + length > BigInt(view.byteLength)) {
    throw damaged(`segment ${name} goes past the end of the file`);
  }
  const address = view.getBigUint64(at + 24, true);
  return { name, command: at, address, start: Number(start), size: Number(length) };
}

/** A section without content in the file, such as one of zeros, has the offset 0. */
function firstSectionOf(view: DataView, at: number, size: number): number {
  const count = view.getUint32(at + 64, true);
  if (SEGMENT_COMMAND + count * SECTION > size) {
    throw damaged("the sections of a segment go past its load command");
  }
  let first = view.byteLength;
  for (let index = 0; index < count; index++) {
    const offset = view.getUint32(at + SEGMENT_COMMAND + index * SECTION + 48, true);
    if (offset > 0) first = Math.min(first, offset);
  }
  return first;
}

function only(segments: Segment[], name: string): Segment {
  const [first, second] = segments.filter((segment) => segment.name === name);
  if (first === undefined || second) throw damaged(`it has ${first ? "two" : "no"} ${name}`);
  return first;
}

/** Gives the place of the new command; its content is the caller's. */
function addCommand(copy: Uint8Array, view: DataView, file: MachO): number {
  const { count, end } = file.commands;
  const after = end + SIGNATURE_COMMAND;
  const place = copy.subarray(end, after);
  if (after > file.firstSection || place.some((byte) => byte !== 0)) {
    throw new MoleculeError("the file has no room for the load command of a signature", {
      hint: "Link it with more room behind its header (-headerpad).",
    });
  }
  view.setUint32(16, count + 1, true);
  view.setUint32(20, after - HEADER, true);
  view.setUint32(end, LC_CODE_SIGNATURE, true);
  view.setUint32(end + 4, SIGNATURE_COMMAND, true);
  return end;
}

function textAt(view: DataView, at: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, 16);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function endOf(range: { start: number; size: number }): number {
  return range.start + range.size;
}

function damaged(what: string): MoleculeError {
  return new MoleculeError(`the Mach-O file is damaged: ${what}`, {
    hint: "Build the file again.",
  });
}
