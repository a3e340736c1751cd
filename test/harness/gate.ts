import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { join } from "node:path";

/** A named pipe: a shell waits at {@link wait} until the test lets it through. */
export class Gate implements Disposable {
  /** Shell commands that wait for a line and keep it as `$line`. */
  readonly wait: string;
  readonly #file: number;

  constructor(folder: string) {
    const path = join(folder, "gate");
    const { status, stderr } = spawnSync("mkfifo", [path], { encoding: "utf8" });
    if (status !== 0) throw new Error(`mkfifo: ${stderr}`);
    // Both ways, so that neither side waits for the other to open it.
    this.#file = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    this.wait = `read -r line <'${path}'`;
  }

  /** Lets one waiting shell, or the next one, through. */
  open(line = "go"): void {
    writeSync(this.#file, `${line}\n`);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
