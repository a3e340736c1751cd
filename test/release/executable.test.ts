/** The program that runs the tests is a real sample; headers made here stand for the others. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describeExecutable } from "../../scripts/release/executable.ts";
import { MoleculeError } from "../../src/shared/errors.ts";

type Fields = [at: number, value: number, bits: 8 | 16 | 32][];

/** A number at each place, little-endian, and zeros between. */
function fileOf(size: number, fields: Fields): Uint8Array {
  const bytes = new Uint8Array(size);
  return withFields(bytes, fields);
}

function withFields(bytes: Uint8Array, fields: Fields): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  for (const [at, value, bits] of fields) {
    if (bits === 8) view.setUint8(at, value);
    else if (bits === 16) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
  }
  return copy;
}

/** One segment that is the path of the loader, if any, and one of content. */
function elf(machine: number, interpreter?: string, kind = 3): Uint8Array {
  const path = Buffer.from(interpreter === undefined ? "" : `${interpreter}\0`);
  const fields: Fields = [
    ...([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1].map((byte, at) => [at, byte, 8]) as Fields),
    ...([
      [16, kind, 16],
      [18, machine, 16],
      [32, 64, 32],
      [54, 56, 16],
      [56, 2, 16],
    ] as Fields),
    ...([
      [64, 1, 32],
      [64 + 32, 200, 32],
    ] as Fields),
    ...([
      [120, interpreter === undefined ? 4 : 3, 32],
      [128, 200, 32],
    ] as Fields),
    [120 + 32, path.length, 32],
  ];
  const bytes = fileOf(200 + path.length, fields);
  bytes.set(path, 200);
  return bytes;
}

/** A DOS stub of 128 bytes, the headers, and one section of 16 bytes at the end. */
function pe(machine: number, subsystem = 3): Uint8Array {
  return fileOf(448, [
    ...([
      [0, 0x5a4d, 16],
      [0x3c, 128, 32],
      [128, 0x4550, 32],
      [132, machine, 16],
    ] as Fields),
    ...([
      [134, 1, 16],
      [148, 240, 16],
      [150, 0x22, 16],
      [152, 0x20b, 16],
    ] as Fields),
    ...([
      [152 + 68, subsystem, 16],
      [392 + 16, 16, 32],
      [392 + 20, 432, 32],
    ] as Fields),
  ]);
}

/** An empty __TEXT and __LINKEDIT. */
function machO(cpu: number, kind = 2): Uint8Array {
  const name = (text: string, at: number) =>
    [...text].map((letter, index) => [at + index, letter.charCodeAt(0), 8]) as Fields;
  return fileOf(300, [
    ...([
      [0, 0xfeedfacf, 32],
      [4, cpu, 32],
      [12, kind, 32],
      [16, 2, 32],
      [20, 144, 32],
    ] as Fields),
    ...([[32, 0x19, 32], [36, 72, 32], ...name("__TEXT", 40)] as Fields),
    ...([[104, 0x19, 32], [108, 72, 32], ...name("__LINKEDIT", 112)] as Fields),
  ]);
}

const [X64, ARM64] = [0x3e, 0xb7];
const [GLIBC, MUSL] = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-musl-aarch64.so.1"];

describe("a program is told", () => {
  test("from the one that runs this test", () => {
    const formats: Record<string, string> = { darwin: "mach-o", win32: "pe" };
    const { format, arch } = describeExecutable(readFileSync(process.execPath));
    const expected = [formats[process.platform] ?? "elf", process.arch];
    expect<string[]>([format, arch]).toEqual(expected);
  });

  test.each([
    ["Linux with glibc", elf(X64, GLIBC), { format: "elf", arch: "x64", libc: "glibc" }],
    ["Linux with musl", elf(ARM64, MUSL), { format: "elf", arch: "arm64", libc: "musl" }],
    ["another ELF system", elf(X64, "/libexec/ld-elf.so.1", 2), { format: "elf", arch: "x64" }],
    ["Linux, linked statically", elf(X64, undefined, 2), { format: "elf", arch: "x64" }],
    ["Windows", pe(0x8664), { format: "pe", arch: "x64" }],
    ["Windows on ARM", pe(0xaa64), { format: "pe", arch: "arm64" }],
    ["macOS on Apple silicon", machO(0x0100_000c), { format: "mach-o", arch: "arm64" }],
    ["macOS on Intel", machO(0x0100_0007), { format: "mach-o", arch: "x64" }],
  ] as const)("from one for %s", (_, bytes, expected) => {
    expect<object>(describeExecutable(bytes)).toEqual(expected);
  });
});

describe("a clear error ends the description of", () => {
  const [linux, windows] = [elf(X64, GLIBC), pe(0x8664)];
  test.each([
    ["nothing", new Uint8Array(), "it is too short"],
    ["a script", Buffer.from("#!/bin/sh\n".repeat(9)), "it is a script"],
    ["a text", Buffer.from("Not Found\n".repeat(9)), "its first bytes are not those of a program"],
    ["ELF of 32 bits", withFields(linux, [[4, 1, 8]]), "it is an ELF file of 32 bits"],
    ["big-endian ELF", withFields(linux, [[5, 2, 8]]), "it is a big-endian ELF file"],
    ["another ELF processor", elf(0xf3, GLIBC), "its processor is unknown (0xf3)"],
    ["an ELF object file", elf(X64, undefined, 1), "such as an object file"],
    ["an ELF library", elf(X64), "it is an ELF library"],
    ["ELF with odd segments", withFields(linux, [[54, 32, 16]]), "have an unknown size"],
    ["ELF with too many segments", withFields(linux, [[56, 9, 16]]), "in its segments' table"],
    ["an ELF file cut short", linux.subarray(0, -1), "it is cut short in a segment"],
    ["a loader's path without an end", withFields(linux, [[152, 9, 32]]), "path of its loader"],
    ["a loader's empty path", elf(X64, ""), "the path of its loader is damaged"],
    ["a loader's endless path", elf(X64, "/x".repeat(4096)), "path of its loader is damaged"],
    ["a program for DOS", withFields(windows, [[128, 0x454e, 32]]), "it is a program for DOS"],
    ["a far PE header", withFields(windows, [[0x3c, 0xffff_ffff, 32]]), "cut short in its header"],
    ["another PE processor", pe(0x14c), "its processor is unknown (0x14c)"],
    ["PE of 32 bits", withFields(windows, [[152, 0x10b, 16]]), "it is a PE file of 32 bits"],
    ["a Windows library", withFields(windows, [[150, 0x2022, 16]]), "such as a library"],
    ["a Windows object file", withFields(windows, [[150, 0, 16]]), "can't be started"],
    ["a Windows driver", pe(0x8664, 1), "for the subsystem 1"],
    ["a Windows program without a terminal", pe(0x8664, 2), "subsystem 2, which has no terminal"],
    ["PE with too many sections", withFields(windows, [[134, 9, 16]]), "in its sections' table"],
    ["a PE file cut short", windows.subarray(0, -1), "it is cut short in a section"],
    [
      "a universal file",
      withFields(machO(7), [[0, 0xbebafeca, 32]]),
      "the file is a universal file",
    ],
    ["another Mach-O processor", machO(7), "its processor is unknown (0x7)"],
    ["a macOS library", machO(0x0100_0007, 6), "that can't be started, such as a library"],
  ])("%s", (_, bytes, message) => {
    expect(() => describeExecutable(bytes)).toThrow(MoleculeError);
    expect(() => describeExecutable(bytes)).toThrow(message);
  });

  test("any bytes behind a known start that make no sense", () => {
    const samples = [linux, windows, machO(0x0100_000c)];
    const edit = fc.tuple(fc.nat(447), fc.oneof(fc.nat(255), fc.nat(0xffff_ffff)));
    const edits = fc.tuple(fc.constantFrom(...samples), fc.array(edit, { maxLength: 5 }));
    fc.assert(
      fc.property(edits, ([sample, list]) => {
        const fits = list.filter(([at]) => at > 3 && at + 4 <= sample.length);
        const bytes = withFields(
          sample,
          fits.map(([at, value]) => [at, value, 32]),
        );
        try {
          expect(["x64", "arm64"]).toContain(describeExecutable(bytes).arch);
        } catch (error) {
          expect(error).toBeInstanceOf(MoleculeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
