import { describe, expect, test } from "bun:test";
import { Bell } from "../../harness/wait.ts";
import { existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onlyWhere, onPosix } from "../../harness/platform.ts";

const posix = onPosix("it takes sh, or a terminal, or the news of a closed pipe");

const PROGRAM = join(import.meta.dir, "programs", "streams.ts");
const LIMIT_MS = 30_000;

type Stdout = "pipe" | "ignore" | number;

function start(args: string[], stdout: Stdout = "pipe", env: Record<string, string> = {}) {
  return Bun.spawn([process.execPath, PROGRAM, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdin: "ignore",
    stdout,
    stderr: "pipe",
  });
}

describe("data on standard output", () => {
  test(
    "is complete: 5 MB through a pipe, followed by process.exit",
    async () => {
      const child = start(["big"]);
      const [out, err, code] = await Promise.all([
        new Response(child.stdout as ReadableStream).bytes(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      expect(err).toBe("");
      expect(out.length).toBe(5_000_000);
      expect(code).toBe(0);
    },
    LIMIT_MS,
  );

  test(
    "keeps the order of calls that nobody waited for",
    async () => {
      const child = start(["pieces"]);
      const [out, code] = await Promise.all([
        new Response(child.stdout as ReadableStream).text(),
        child.exited,
      ]);
      expect(runsOf(out)).toEqual(PIECES);
      expect(code).toBe(0);
    },
    LIMIT_MS,
  );

  test(
    "is complete in a file too, where empty pieces cut nothing off",
    async () => {
      const dir = mkdtempSync(join(tmpdir(), "molecule-output-"));
      try {
        const file = join(dir, "out.txt");
        const child = start(["pieces"], openSync(file, "w"));
        const code = await child.exited;
        expect(runsOf(await Bun.file(file).text())).toEqual(PIECES);
        expect(code).toBe(0);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
    LIMIT_MS,
  );

  posix.test(
    "ends the program quietly with 0 when its reader goes away",
    async () => {
      const child = start(["follow"]);
      const reader = (child.stdout as ReadableStream<Uint8Array>).getReader();
      const first = await reader.read();
      await reader.cancel();
      const [err, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
      expect(new TextDecoder().decode(first.value)).toStartWith("line 0\n");
      expect(err).toBe("");
      expect(code).toBe(0);
    },
    LIMIT_MS,
  );

  posix.test(
    "ends the program in the same way in a shell's pipe",
    async () => {
      const script = `{ "$0" "$1" follow; echo "rc $?" >&2; } | head -n 1`;
      const shell = Bun.spawn(["sh", "-c", script, process.execPath, PROGRAM], {
        env: { PATH: process.env["PATH"] ?? "" },
        stdin: "ignore",
        stderr: "pipe",
      });
      const [out, err] = await Promise.all([
        new Response(shell.stdout).text(),
        new Response(shell.stderr).text(),
        shell.exited,
      ]);
      expect(out).toBe("line 0\n");
      expect(err).toBe("rc 0\n");
    },
    LIMIT_MS,
  );

  onlyWhere(existsSync("/dev/full"), "there is no /dev/full").test(
    "that can't be written is a failure with its reason",
    async () => {
      const child = start(["big", "--bytes", "10"], openSync("/dev/full", "w"));
      const [err, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
      expect(err).toStartWith("error: cannot write to standard output: ENOSPC");
      expect(code).toBe(1);
    },
    LIMIT_MS,
  );
});

test(
  "text goes out as it is, each kind on its own stream, and the exit code is the failure's",
  async () => {
    const child = start(["both"]);
    const [out, err, code] = await Promise.all([
      new Response(child.stdout as ReadableStream).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    expect(out).toBe("data %s %%\n");
    expect(err).toBe("told %s %%\nerror: internal error: and failed\n" + HINT);
    expect(code).toBe(1);
  },
  LIMIT_MS,
);

/** What "pieces" writes: each character and how many of it there are in a row. */
const PIECES: [string, number][] = [
  ["0", 1],
  ["2", 2_000_000],
  ["3", 2],
  ["5", 1_000_000],
  ["6", 3],
];

function runsOf(text: string): [string, number][] {
  const runs: [string, number][] = [];
  for (const c of text) {
    const last = runs.at(-1);
    if (last?.[0] === c) last[1]++;
    else runs.push([c, 1]);
    if (runs.length > 100) break;
  }
  return runs;
}

const HINT = "hint: run again with --verbose for the stack\n";

describe("a terminal", () => {
  test(
    "is neither a pipe nor the null device",
    async () => {
      const child = start(["terminals"]);
      const out = await new Response(child.stdout as ReadableStream).text();
      expect(out).toBe("false false false false\n");
      expect(await child.exited).toBe(0);
    },
    LIMIT_MS,
  );

  posix.test(
    "is told, wants colour unless NO_COLOR is set, and shows lines in the colour they have",
    async () => {
      const colors = async (env: Record<string, string>) => inTerminal(["terminals"], env, "true");
      expect(await colors({})).toBe("true true true true\r\n");
      expect(await colors({ NO_COLOR: "" })).toBe("true true true true\r\n");
      expect(await colors({ NO_COLOR: "0" })).toBe("true true true false\r\n");
      expect(await colors({ TERM: "dumb" })).toBe("true true true false\r\n");
      expect(await inTerminal(["both"], {}, "hint:")).not.toContain("\u001b");
    },
    LIMIT_MS,
  );
});

/** What the program shows on a terminal of its own, up to the line that holds `last`. */
async function inTerminal(args: string[], env: Record<string, string>, last: string) {
  const bell = new Bell();
  let shown = "";
  await using terminal = new Bun.Terminal({
    data(_, bytes) {
      shown += new TextDecoder().decode(bytes);
      bell.ring();
    },
  });
  const child = Bun.spawn([process.execPath, PROGRAM, ...args], {
    env: { PATH: process.env["PATH"] ?? "", TERM: "xterm", ...env },
    terminal,
  });
  await bell.until(() => shown.includes(last) && shown.endsWith("\r\n"), `"${last}"`);
  await child.exited;
  return shown;
}
