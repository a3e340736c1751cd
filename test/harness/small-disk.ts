import { spawnSync } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { tmpFolder } from "./tmp.ts";

/** Only root may mount a disk, and only Linux knows tmpfs. */
export const canMount = process.platform === "linux" && process.getuid?.() === 0 && tryMount();

/** A disk of its own, of 64 KiB where nothing else is said, gone at the end of its `using` scope. */
export function smallDisk(kib = 64): { path: string; remount(options: string): void } & Disposable {
  const folder = tmpFolder();
  const mount = (options: string) =>
    run("mount", ["-t", "tmpfs", "-o", `size=${kib}k,${options}`, "tmpfs", folder.path]);
  mount("rw");
  return {
    path: folder.path,
    remount: (options) => mount(`remount,${options}`),
    [Symbol.dispose]: () => {
      run("umount", ["-l", folder.path]);
      folder[Symbol.dispose]();
    },
  };
}

/** Writes until there is no room at all; gives the path of the file that takes it. */
export function fill(folder: string): string {
  const path = join(folder, "filler");
  const file = openSync(path, "w");
  try {
    for (;;) writeSync(file, Buffer.alloc(512));
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOSPC") throw error;
  } finally {
    closeSync(file);
  }
  return path;
}

function tryMount(): boolean {
  try {
    smallDisk()[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}

function run(program: string, args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw error ?? new Error(stderr);
}
