import { spawnSync } from "node:child_process";
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
