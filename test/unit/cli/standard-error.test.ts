import { expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { tmpFolder } from "../../harness/tmp.ts";
import { Bell } from "../../harness/wait.ts";
import { onlyWhere, onPosix } from "../../harness/platform.ts";

const posix = onPosix("it takes sh, or a terminal");

setDefaultTimeout(60_000);

const PROGRAM = join(import.meta.dir, "programs", "lines.ts");
const env = { PATH: process.env.PATH ?? "" };

const numbers = (text: string) =>
  [...text.matchAll(/^line (\d+) x{80}$/gm)].map(([, number]) => Number(number));

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

/** What the program says when its lines are out or waiting: then its event loop is alive. */
async function untilAlive(stdout: ReadableStream<Uint8Array>): Promise<void> {
  const { value } = await stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toStartWith("stood still for");
}

/** All lines in their order, each shown or counted in a gap. */
function expectGaps(told: string): void {
  const shown = numbers(told);
  expect(shown.slice(0, 1_000)).toEqual(upTo(1_000));
  expect(shown).toEqual(shown.toSorted((a, b) => a - b));
  const gaps = [
    ...told.matchAll(/^\.\.\. (\d+) lines? of the log w.* dropped: nobody reads .*$/gm),
  ];
  expect(gaps).not.toEqual([]);
  const dropped = gaps.reduce((sum, [, lines]) => sum + Number(lines), 0);
  expect(shown.length + dropped + (told.includes("line last\n") ? 1 : 0)).toBe(20_001);
}

posix.describe("a reader that stops reading", () => {
  test("a socket: the process lives on, and tells what was dropped when it is read again", async () => {
    const child = Bun.spawn([process.execPath, PROGRAM, "20000"], {
      env,
      stdin: "pipe",
      stderr: "pipe",
    });
    await untilAlive(child.stdout);
    child.stdin.end();
    expectGaps(await new Response(child.stderr).text());
    expect(await child.exited).toBe(0);
  });

  test("a pipe: so it does there", async () => {
    using folder = tmpFolder();
    const fifo = join(folder.path, "pipe");
    Bun.spawnSync(["mkfifo", fifo]);
    // For both, since to open it for reading alone waits for a writer.
    const opener = openSync(fifo, "r+");
    const child = Bun.spawn(
      ["sh", "-c", 'exec "$0" "$1" 20000 2>"$2"', process.execPath, PROGRAM, fifo],
      {
        env,
        stdin: "pipe",
        stderr: "inherit",
      },
    );
    await untilAlive(child.stdout);
    const reader = openSync(fifo, "r");
    closeSync(opener);
    child.stdin.end();
    const told = await Bun.spawn(["cat"], { stdin: reader, env }).stdout.text();
    closeSync(reader);
    expectGaps(told);
    expect(await child.exited).toBe(0);
  });

  test("one that is gone: the process lives on too", async () => {
    const child = Bun.spawn(
      [
        "sh",
        "-c",
        `{ { "$0" "$1" 3000 2>&1 >&4; echo "rc $?" >&4; } | true; } 4>&1`,
        process.execPath,
        PROGRAM,
      ],
      {
        env,
        stdin: "ignore",
      },
    );
    expect(await new Response(child.stdout).text()).toMatch(/^stood still for \d+ ms\nrc 0\n$/);
  });

  onlyWhere(Bun.which("python3") !== null, "there is no python3").test(
    "a non-blocking descriptor that others made so loses no line",
    async () => {
      const inner = `exec "$0" "$1" 900 2>&9`;
      const script = `import os, sys
r, w = os.pipe()
os.set_blocking(w, False)
os.dup2(w, 9)
pid = os.fork()
if pid == 0:
    os.close(r)
    os.execvp("sh", ["sh", "-c", sys.argv[1], sys.argv[2], sys.argv[3]])
os.close(w); os.close(9)
data = b""
while True:
    part = os.read(r, 100)
    if not part: break
    data += part
sys.stderr.write(data.decode())`;
      const child = Bun.spawn(["python3", "-c", script, inner, process.execPath, PROGRAM], {
        env,
        stdin: "ignore",
        stderr: "pipe",
      });
      expect(numbers(await new Response(child.stderr).text())).toEqual(upTo(900));
    },
  );
});

posix.test("several processes append to one file without tearing or losing a line", async () => {
  using folder = tmpFolder();
  const file = join(folder.path, "log");
  const children = ["a", "b", "c"].map((name) =>
    Bun.spawn([process.execPath, PROGRAM, "3000", name], {
      env,
      stdin: "ignore",
      stdout: "ignore",
      stderr: openSync(file, "a"),
    }),
  );
  for (const child of children) expect(await child.exited).toBe(0);
  const lines = readFileSync(file, "utf8").split("\n");
  for (const name of ["a", "b", "c"]) {
    const own = lines.filter((line) => line.startsWith(`${name} `));
    expect(own).toEqual([
      ...upTo(3000).map((i) => `${name} ${i} ${"x".repeat(80)}`),
      `${name} last`,
    ]);
  }
  expect(lines).toHaveLength(3 * 3001 + 1);
});

posix.test("both streams in one file share their place in it", async () => {
  using folder = tmpFolder();
  const file = join(folder.path, "log");
  const script = 'exec "$0" "$1" 50 >"$2" 2>&1';
  const child = Bun.spawn(["sh", "-c", script, process.execPath, PROGRAM, file], {
    env,
    stdin: "ignore",
  });
  expect(await child.exited).toBe(0);
  const told = readFileSync(file, "utf8");
  expect(numbers(told)).toEqual(upTo(50));
  expect(told).toMatch(/\nstood still for \d+ ms\nline last\n$/);
});

posix.test("a terminal shows every line, in order", async () => {
  const bell = new Bell();
  let shown = "";
  // What goes to the same terminal by the other stream may stand in the middle of a line.
  const lines = () => numbers(shown.replaceAll("\r", "").replace(/stood still for \d+ ms\n/, ""));
  await using terminal = new Bun.Terminal({
    data(_, bytes) {
      shown += new TextDecoder().decode(bytes);
      bell.ring();
    },
  });
  const child = Bun.spawn(["sh", "-c", 'exec "$0" "$1" 900', process.execPath, PROGRAM], {
    env: { ...env, TERM: "xterm" },
    terminal,
  });
  await bell.until(() => lines().length === 900, "all lines");
  expect(lines()).toEqual(upTo(900));
  child.kill("SIGKILL");
  await child.exited;
});

posix.test("a closed standard error is no failure", async () => {
  const script = 'exec "$0" "$1" 50 2>&-';
  const child = Bun.spawn(["sh", "-c", script, process.execPath, PROGRAM], {
    env,
    stdin: "ignore",
  });
  expect(await child.exited).toBe(0);
});
