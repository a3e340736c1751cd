/** What a person sees at a real terminal. */
import { expect, setDefaultTimeout } from "bun:test";
import { join } from "node:path";
import { onPosix } from "../../harness/platform.ts";
import { TerminalRun, type TerminalSetup } from "../../harness/terminal.ts";

setDefaultTimeout(60_000);

const { describe, test } = onPosix("it takes a pseudo-terminal and signals");

const PROGRAM = join(import.meta.dir, "programs", "screen.ts");
const start = (what: string, setup: TerminalSetup = {}) =>
  new TerminalRun([process.execPath, PROGRAM, ...what.split(" ")], setup);

describe("a wait", () => {
  test("is shown with its seconds after a while, and leaves nothing behind", async () => {
    await using run = start("wait");
    await run.untilShows("thinking (0 s)");
    process.kill(run.pid, "SIGUSR2");
    expect(await run.ended()).toBe(0);
    expect(run.rows).toEqual([""]);
  });

  test("is under the lines that are told meanwhile, each of them whole", async () => {
    await using run = start("wait");
    for (const line of ["line 1", "line 2"]) {
      await run.untilShows("thinking");
      process.kill(run.pid, "SIGUSR1");
      await run.untilShows(line);
    }
    await run.until(() => run.rows[2]?.includes("thinking") === true, "the text under the lines");
    expect(run.rows.slice(0, 2)).toEqual(["line 1", "line 2"]);
    process.kill(run.pid, "SIGUSR2");
    expect(await run.ended()).toBe(0);
    expect(run.rows).toEqual(["line 1", "line 2", ""]);
  });

  test("gives way to data on standard output", async () => {
    await using run = start("data");
    await run.untilShows("thinking");
    process.kill(run.pid, "SIGUSR1");
    await run.until(() => run.rows[1]?.includes("thinking") === true, "the text under the data");
    expect(run.rows[0]).toBe("data");
    process.kill(run.pid, "SIGUSR2");
    expect(await run.ended()).toBe(0);
    expect(run.rows).toEqual(["data", ""]);
  });

  test("that fails leaves nothing but the failure", async () => {
    await using run = start("fail");
    await run.untilShows("thinking");
    process.kill(run.pid, "SIGUSR2");
    expect(await run.ended()).toBe(1);
    expect(run.rows[0]).toBe("error: internal error: no");
    expect(run.rows.join()).not.toContain("thinking");
  });

  for (const [signal, stop] of [
    ["SIGINT", (run: TerminalRun) => run.type("\x03")],
    ["SIGTERM", (run: TerminalRun) => process.kill(run.pid, "SIGTERM")],
  ] as const) {
    test(`that is ended by ${signal} ends as it would have, and leaves nothing behind`, async () => {
      await using run = start("wait");
      await run.untilShows("thinking");
      stop(run);
      expect(await run.ended()).toBe(signal);
      expect(run.rows.join()).not.toContain("thinking");
    });
  }

  test("leaves nothing behind where the program ends in the middle of it", async () => {
    await using run = start("end");
    await run.untilShows("thinking");
    process.kill(run.pid, "SIGUSR1");
    expect(await run.ended()).toBe(7);
    expect(run.rows).toEqual([""]);
  });

  test("leaves a signal to a command that has its own use for it", async () => {
    await using run = start("stubborn");
    await run.untilShows("thinking");
    run.type("\x03");
    await run.untilShows("line 1");
    process.kill(run.pid, "SIGUSR2");
    expect(await run.ended()).toBe(0);
  });

  test("fits a narrow terminal in one row", async () => {
    await using run = start("wait", { columns: 10 });
    await run.untilShows("thinki…");
    await run.until(() => run.sent.split("\r\x1b[K").length > 3, "a few turns");
    expect(run.rows).toHaveLength(1);
    process.kill(run.pid, "SIGUSR2");
    expect(await run.ended()).toBe(0);
  });
});

test("progress fills up, and leaves nothing behind", async () => {
  await using run = start("progress");
  await run.untilShows("sending [........................] 0/4");
  process.kill(run.pid, "SIGUSR1");
  await run.untilShows("sending [######..................] 1/4");
  process.kill(run.pid, "SIGUSR2");
  expect(await run.ended()).toBe(0);
  expect(run.rows).toEqual([""]);
});

describe("a question", () => {
  const answers: [keys: string, code: number][] = [
    ["y\r", 0],
    ["YES\r", 0],
    [" y \r", 0],
    ["n\r", 1],
    ["\r", 1],
    ["yep\r", 1],
    ["\x04", 1],
  ];
  test.each(answers)("that is answered by %j ends with %i", async (keys, code) => {
    await using run = start("confirm");
    await run.untilShows("Remove it? [y/N]");
    run.type(keys);
    expect(await run.ended()).toBe(code);
    expect(run.rows[0]).toStartWith("Remove it? [y/N]");
    expect(run.rows[1]).toBe(code === 0 ? "removed" : "error: not confirmed: nothing was changed");
  });

  test("stays under a line that is told meanwhile", async () => {
    await using run = start("question");
    await run.untilShows("Remove it? [y/N]");
    process.kill(run.pid, "SIGUSR1");
    await run.until(() => run.rows[1] === "Remove it? [y/N]", "the question under the line");
    expect(run.rows[0]).toBe("line 1");
    run.type("y\r");
    expect(await run.ended()).toBe(0);
    expect(run.rows).toEqual(["line 1", "Remove it? [y/N] y", "removed", ""]);
  });

  test("ends with the program on Ctrl-C", async () => {
    await using run = start("confirm");
    await run.untilShows("Remove it? [y/N]");
    run.type("\x03");
    expect(await run.ended()).toBe("SIGINT");
  });
});

describe("a table", () => {
  test("fits the terminal, with the id whole and colour in it", async () => {
    await using run = start("table", { columns: 70 });
    expect(await run.ended()).toBe(0);
    expect(run.rows).toEqual([
      "ID                                    NAME                      STATUS",
      "0f8fad5b-d9cb-469f-a165-70867728950e  a name that is rather l…  online",
      "",
    ]);
    expect(run.sent).toContain("\x1b[32monline\x1b[0m");
  });

  test("is whole where COLUMNS says that there is room", async () => {
    await using run = start("table", { columns: 70, env: { COLUMNS: "200" } });
    expect(await run.ended()).toBe(0);
    expect(run.rows.join("")).toContain("give way");
    expect(run.rows.join("")).toContain("reviewer of what the others have written");
  });

  test("has no colour with NO_COLOR", async () => {
    await using run = start("table", { env: { NO_COLOR: "1" } });
    expect(await run.ended()).toBe(0);
    expect(run.sent).not.toContain("\x1b[");
  });
});
