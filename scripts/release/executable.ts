/** What kind of program a file is, so that a release can check it against the target's name. */
import { MoleculeError } from "../../src/shared/errors.ts";
import { isMachO, parseMachO, viewOf } from "./mach-o.ts";

export interface Executable {
  format: "elf" | "mach-o" | "pe";
  arch: "x64" | "arm64";
  /** Linux: the C library whose loader the file asks for; undefined where it asks for none. */
  libc?: "glibc" | "musl";
}

/**
 * Reads the headers of a 64-bit program for Linux, macOS or Windows (elf.h, mach-o/loader.h, and
 * Microsoft's "PE Format"). Throws a MoleculeError that says why for all else: a script, a library,
 * an object file, another processor, a file cut short, a Windows program that has no terminal.
 */
export function describeExecutable(bytes: Uint8Array): Executable {
  const view = viewOf(bytes);
  if (bytes.length < 64) throw notOne("it is too short");
  if (view.getUint32(0) === ELF) return describeElf(bytes, view);
  if (view.getUint16(0) === MZ) return describePe(view);
  if (view.getUint16(0) === SHEBANG) throw notOne("it is a script");
  if (!isMachO(bytes)) throw notOne("its first bytes are not those of a program");
  const { arch, main } = parseMachO(bytes);
  if (!main) throw notOne("it is a Mach-O file that can't be started, such as a library");
  return { format: "mach-o", arch };
}

/** The first bytes, as big-endian numbers: 0x7f ELF, MZ, #!. */
const ELF = 0x7f45_4c46;
const MZ = 0x4d5a;
const SHEBANG = 0x2321;

const ELF_ARCHES: Record<number, Executable["arch"]> = { 0x3e: "x64", 0xb7: "arm64" };
const ELF_EXECUTABLE = 2;
/** A library, or a program that can lie anywhere in memory: this one names a loader. */
const ELF_MOVABLE = 3;
const ELF_SEGMENT = 56;
const ELF_INTERPRETER = 3;
const LONGEST_PATH = 4096;

const PE_ARCHES: Record<number, Executable["arch"]> = { 0x8664: "x64", 0xaa64: "arm64" };
const PE_SIGNATURE = 0x5045_0000;
const PE_64_BIT = 0x20b;
const PE_SECTION = 40;
const PE_IMAGE = 0x2;
const PE_LIBRARY = 0x2000;
/** The subsystem of what prints to the terminal that it is started in. */
const PE_CONSOLE = 3;

function describeElf(bytes: Uint8Array, view: DataView): Executable {
  if (bytes[4] !== 2) throw notOne("it is an ELF file of 32 bits");
  if (bytes[5] !== 1) throw notOne("it is a big-endian ELF file");
  const arch = archOf(ELF_ARCHES, view.getUint16(18, true));
  const kind = view.getUint16(16, true);
  if (kind !== ELF_EXECUTABLE && kind !== ELF_MOVABLE) {
    throw notOne("it is an ELF file that can't be started, such as an object file");
  }
  const interpreter = interpreterOf(bytes, view);
  if (interpreter === undefined) {
    if (kind === ELF_MOVABLE) throw notOne("it is an ELF library: it names no loader");
    return { format: "elf", arch };
  }
  const libc = libcOf(interpreter);
  return { format: "elf", arch, ...(libc === undefined ? {} : { libc }) };
}

function interpreterOf(bytes: Uint8Array, view: DataView): string | undefined {
  const table = Number(view.getBigUint64(32, true));
  const [size, count] = [view.getUint16(54, true), view.getUint16(56, true)];
  if (count > 0 && size !== ELF_SEGMENT) throw notOne("its segments have an unknown size");
  if (table + count * size > bytes.length) throw notOne("it is cut short in its segments' table");
  let interpreter: string | undefined;
  for (let at = table; at < table + count * size; at += size) {
    const start = Number(view.getBigUint64(at + 8, true));
    const length = Number(view.getBigUint64(at + 32, true));
    if (start + length > bytes.length) throw notOne("it is cut short in a segment");
    if (view.getUint32(at, true) === ELF_INTERPRETER) {
      interpreter ??= pathIn(bytes.subarray(start, start + length));
    }
  }
  return interpreter;
}

function pathIn(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  if (end < 1 || end > LONGEST_PATH) throw notOne("the path of its loader is damaged");
  return new TextDecoder().decode(bytes.subarray(0, end));
}

/** By the loader's name: /lib64/ld-linux-x86-64.so.2, /lib/ld-musl-aarch64.so.1. */
function libcOf(interpreter: string): Executable["libc"] {
  const name = interpreter.slice(interpreter.lastIndexOf("/") + 1);
  if (name.startsWith("ld-musl-")) return "musl";
  return name.startsWith("ld-linux-") ? "glibc" : undefined;
}

function describePe(view: DataView): Executable {
  const header = view.getUint32(0x3c, true);
  const optional = header + 24;
  if (optional + 70 > view.byteLength) throw notOne("it is cut short in its header");
  if (view.getUint32(header) !== PE_SIGNATURE) throw notOne("it is a program for DOS");
  const arch = archOf(PE_ARCHES, view.getUint16(header + 4, true));
  if (view.getUint16(optional, true) !== PE_64_BIT) throw notOne("it is a PE file of 32 bits");
  const kind = view.getUint16(header + 22, true);
  if ((kind & PE_LIBRARY) !== 0 || (kind & PE_IMAGE) === 0) {
    throw notOne("it is a PE file that can't be started, such as a library");
  }
  checkSections(
    view,
    optional + view.getUint16(header + 20, true),
    view.getUint16(header + 6, true),
  );
  const subsystem = view.getUint16(optional + 68, true);
  if (subsystem !== PE_CONSOLE) {
    throw notOne(`it is a PE file for the subsystem ${subsystem}, which has no terminal`);
  }
  return { format: "pe", arch };
}

function checkSections(view: DataView, table: number, count: number): void {
  const end = table + count * PE_SECTION;
  if (end > view.byteLength) throw notOne("it is cut short in its sections' table");
  for (let at = table; at < end; at += PE_SECTION) {
    const [size, start] = [view.getUint32(at + 16, true), view.getUint32(at + 20, true)];
    if (start + size > view.byteLength) throw notOne("it is cut short in a section");
  }
}

function archOf(arches: Record<number, Executable["arch"]>, machine: number): Executable["arch"] {
  const arch = arches[machine];
  if (arch === undefined) throw notOne(`its processor is unknown (0x${machine.toString(16)})`);
  return arch;
}

function notOne(what: string): MoleculeError {
  return new MoleculeError(`the file is no 64-bit program for Linux, macOS or Windows: ${what}`, {
    hint: "Build it again, and check the target that it is built for.",
  });
}
