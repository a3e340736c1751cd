/** What a release is built for: the one list, for the build script and the test of .goreleaser.yaml. */
import { readFileSync } from "node:fs";
import { describeExecutable, type Executable } from "./executable.ts";

export interface Target extends Pick<Executable, "format" | "arch" | "libc"> {
  /** As Bun and GoReleaser call it, without "bun-". */
  name: string;
}

/** x64 alone, not x64-baseline: since Bun 1.4 both hold the same runtime. */
export const TARGETS: readonly Target[] = [
  { name: "linux-x64", format: "elf", arch: "x64", libc: "glibc" },
  { name: "linux-arm64", format: "elf", arch: "arm64", libc: "glibc" },
  { name: "linux-x64-musl", format: "elf", arch: "x64", libc: "musl" },
  { name: "linux-arm64-musl", format: "elf", arch: "arm64", libc: "musl" },
  { name: "darwin-x64", format: "mach-o", arch: "x64" },
  { name: "darwin-arm64", format: "mach-o", arch: "arm64" },
  { name: "windows-x64", format: "pe", arch: "x64" },
];

/** The target of that name, with or without "bun-"; undefined for an unknown one. */
export function findTarget(name: string): Target | undefined {
  return TARGETS.find((target) => target.name === name.replace(/^bun-/, ""));
}

/** The target of the Bun that runs this; undefined where a release offers none. */
export function hostTarget(): Target | undefined {
  return targetOf(describeExecutable(readFileSync(process.execPath)));
}

/** The target that such a file is for. */
export function targetOf({ format, arch, libc }: Executable): Target | undefined {
  return TARGETS.find(
    (target) => target.format === format && target.arch === arch && target.libc === libc,
  );
}
