/** What the measurements work with: a folder, a copy of the binary, and the platforms they start. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { BINARY } from "../set-up.ts";
import { PlatformProcess } from "./platform.ts";

export class Workbench {
  readonly #folder = mkdtempSync(join(tmpdir(), "molecule-bench-"));
  readonly #processes = new Set<Bun.Subprocess>();
  #folders = 0;
  /** A copy, so that a build meanwhile does not change what is measured. */
  readonly binary = join(this.#folder, basename(BINARY));

  constructor() {
    copyFileSync(BINARY, this.binary);
  }

  /** Tells how far it is, on standard error. */
  say(progress: string): void {
    console.error(progress);
  }

  /** A new, empty folder on the disk that the temporary files are on. */
  newFolder(): string {
    const folder = join(this.#folder, String(this.#folders++));
    mkdirSync(folder, { mode: 0o700 });
    return folder;
  }

  /** An embedded platform in a process of its own, which lives as long as `work` lasts. */
  async withPlatform<T>(work: (platform: PlatformProcess) => Promise<T>): Promise<T> {
    const platform = await PlatformProcess.start((child) => this.adopt(child));
    try {
      return await work(platform);
    } finally {
      await platform.stop();
    }
  }

  /** The process is ended with the workbench, if it has not ended by then. */
  adopt(child: Bun.Subprocess): void {
    this.#processes.add(child);
    void child.exited.then(() => this.#processes.delete(child));
  }

  /** Ends what was started and removes what was written. */
  async close(): Promise<void> {
    for (const child of this.#processes) {
      child.kill("SIGKILL");
      await child.exited;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
