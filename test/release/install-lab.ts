/** A made-up machine for scripts/install.sh: a home, a PATH of chosen tools, nothing of the real one. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { ROOT } from "../../scripts/set-up.ts";
import { tmpFolder } from "../harness/tmp.ts";
import type { Files } from "./install-release.ts";

export const SCRIPT = join(ROOT, "scripts", "install.sh");

/**
 * Root may write anywhere: this before a command runs it as someone else, who may not read the
 * checkout. Undefined where it can't be done.
 */
export const asNobody = nobody();

const TOOLS =
  "env mktemp mkdir rmdir chmod mv rm cat grep sed sort tr tar gzip wc sleep sha256sum shasum openssl curl wget";

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Setup {
  args?: string[];
  env?: Record<string, string>;
  /** A program and its arguments that then runs the shell. */
  by?: string[];
  /** The script as `curl | sh` gives it, in place of a file. */
  piped?: string;
}

export class Lab implements Disposable {
  readonly home: string;
  readonly tmp: string;
  readonly bin: string;
  /** Where the release's files are put by {@link publish}. */
  readonly release: string;
  /** The shell that runs the script, and its arguments. */
  readonly shell: string[];
  readonly #folder = tmpFolder();

  constructor(shell = "sh") {
    const [name = "", ...args] = shell.split(" ");
    this.shell = [Bun.which(name) ?? name, ...args];
    // Others must get in, too: a test becomes another user.
    chmodSync(this.#folder.path, 0o755);
    const make = (name: string, mode = 0o755) => {
      const path = join(this.#folder.path, name);
      mkdirSync(path);
      chmodSync(path, mode);
      return path;
    };
    this.home = make("home");
    this.tmp = make("tmp", 0o777);
    this.bin = make("bin");
    this.release = make("release");
    for (const tool of TOOLS.split(" ")) this.link(tool);
    this.fake("id", "echo 1000");
    this.system({});
  }

  /** The folder that the program goes to if nothing else is said. */
  get folder(): string {
    return join(this.home, ".local", "bin");
  }

  get target(): string {
    return join(this.folder, "molecule");
  }

  /** What stands there now; undefined if nothing. */
  get installed(): string | undefined {
    return existsSync(this.target) ? readFileSync(this.target, "utf8") : undefined;
  }

  /**
   * What each run is given. The folder and the server are named, so that nothing of the real machine
   * is touched or asked where a fake goes unheard: BusyBox's shell prefers its own tools to the PATH.
   */
  get env(): Record<string, string> {
    return {
      HOME: this.home,
      TMPDIR: this.tmp,
      PATH: this.bin,
      SHELL: "/bin/bash",
      MOLECULE_INSTALL_DIR: this.folder,
      MOLECULE_GITHUB_URL: "https://127.0.0.1:1",
    };
  }

  /** A tool of the real machine, if it has it. */
  link(name: string): void {
    const path = Bun.which(name);
    if (path !== null) symlinkSync(path, join(this.bin, name));
  }

  unlink(...names: string[]): void {
    for (const name of names) rmSync(join(this.bin, name), { force: true });
  }

  /** A tool that is this shell script; gives its path. */
  fake(name: string, script: string, folder = this.bin): string {
    return this.write(join(folder, name), `#!/bin/sh\n${script}\n`);
  }

  /** A program at that place. */
  write(path: string, text: string): string {
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    writeFileSync(path, text, { mode: 0o755 });
    return path;
  }

  /** What the machine says to be: a 64-bit Linux with glibc, where nothing else is said. */
  system(says: { [S in "s" | "m" | "r" | "o" | "ldd" | "bits"]?: string }): void {
    const {
      s = "Linux",
      m = "x86_64",
      r = "6.1.0",
      o = "GNU/Linux",
      ldd = "ldd (GNU libc) 2.36",
      bits = "64",
    } = says;
    this.fake(
      "uname",
      `case $1 in -s) echo '${s}';; -m) echo '${m}';; -r) echo '${r}';; -o) echo '${o}';; esac`,
    );
    this.fake("ldd", `echo '${ldd}' >&2; exit 1`);
    this.fake("getconf", `echo '${bits}'`);
  }

  /** Puts the files into the folder of the release; gives its path. */
  publish(files: Files): string {
    for (const [name, body] of Object.entries(files)) writeFileSync(join(this.release, name), body);
    return this.release;
  }

  start({ args = [], env = {}, by = [], piped }: Setup = {}) {
    const script = piped === undefined ? [SCRIPT] : ["-s", ...(args.length > 0 ? ["--"] : [])];
    return Bun.spawn([...by, ...this.shell, ...script, ...args], {
      cwd: this.home,
      env: { ...this.env, ...env },
      stdin: piped === undefined ? "ignore" : Buffer.from(piped),
      stdout: "pipe",
      stderr: "pipe",
    });
  }

  /** Runs it to its end. */
  install(setup: Setup = {}): Promise<Outcome> {
    return this.end(this.start(setup));
  }

  /** Its end, which must leave no litter, however it went. */
  async end(child: ReturnType<Lab["start"]>): Promise<Outcome> {
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    const names = existsSync(this.folder) ? readdirSync(this.folder) : [];
    const litter = [
      // No test has an empty one beforehand.
      ...(names.length === 0 && existsSync(this.folder) ? [this.folder] : []),
      ...readdirSync(this.tmp),
      ...names.filter((name) => name.startsWith(".molecule")),
      ...readdirSync(this.home).filter((name) => name.startsWith(".wget")),
    ];
    if (litter.length > 0) throw new Error(`left behind: ${litter.join(", ")}\n${stderr}`);
    return { code, stdout, stderr };
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

function nobody(): string[] | undefined {
  if (process.getuid?.() !== 0) return [];
  const setpriv = Bun.which("setpriv");
  if (setpriv === null) return undefined;
  const command = [setpriv, "--reuid=65534", "--clear-groups"];
  // A container may keep it from root as well.
  return Bun.spawnSync([...command, "true"]).exitCode === 0 ? command : undefined;
}
