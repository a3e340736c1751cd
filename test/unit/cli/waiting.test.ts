import { describe, expect, test } from "bun:test";
import { progress, type Stage, waiting } from "../../../src/cli/waiting.ts";
import { stage } from "./stage.ts";

describe("a wait", () => {
  test("that is short shows nothing", async () => {
    const { clock, shown, on } = stage();
    const { promise, resolve } = Promise.withResolvers<number>();
    const wait = waiting("thinking", () => promise, on);
    await clock.advance(399);
    resolve(7);
    expect(await wait).toBe(7);
    expect(shown.filter((text) => text !== "")).toEqual([]);
    await clock.advance(10_000);
    expect(shown.filter((text) => text !== "")).toEqual([]);
  });

  test("that is long shows its text, a turning sign and whole seconds, and ends with nothing", async () => {
    const { clock, shown, on } = stage();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wait = waiting("thinking", () => promise, on);
    await clock.advance(400);
    expect(shown).toEqual(["| thinking (0 s)"]);
    await clock.advance(360);
    expect(shown.slice(1)).toEqual(["/ thinking (0 s)", "- thinking (0 s)", "\\ thinking (0 s)"]);
    await clock.advance(64_400);
    expect(shown.at(-1)).toEndWith(" thinking (1 min 5 s)");
    resolve();
    await wait;
    expect(shown.at(-1)).toBe("");
    const count = shown.length;
    await clock.advance(10_000);
    expect(shown).toHaveLength(count);
    expect(clock.pending).toEqual([]);
  });

  test("that fails ends with nothing, and with its failure", async () => {
    const { clock, shown, on } = stage();
    const { promise, reject } = Promise.withResolvers<void>();
    const wait = waiting("thinking", () => promise, on);
    await clock.advance(500);
    reject(new Error("no"));
    expect(await wait.catch((error: Error) => error.message)).toBe("no");
    expect(shown.at(-1)).toBe("");
  });

  test("takes no more than the row", async () => {
    const { clock, shown, on } = stage({ env: { COLUMNS: "20" } });
    const { promise, resolve } = Promise.withResolvers<void>();
    const wait = waiting("waiting for the answer\u001b[31m of ever so many", () => promise, on);
    await clock.advance(400);
    expect(shown).toEqual(["| waiting for the …"]);
    resolve();
    await wait;
  });

  test("leaves no handler of signals behind", async () => {
    const before = process.listenerCount("SIGINT");
    const { clock, on } = stage();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wait = waiting("thinking", () => promise, on);
    await clock.advance(400);
    expect(process.listenerCount("SIGINT")).toBe(before + 1);
    resolve();
    await wait;
    expect(process.listenerCount("SIGINT")).toBe(before);
  });

  const without: [why: string, over: Partial<Stage>][] = [
    ["standard error is no terminal", { terminal: () => false }],
    ["lines tell it already", { verbose: true }],
    ["the terminal is dumb", { env: { COLUMNS: "60", TERM: "dumb" } }],
    ["it is CI", { env: { COLUMNS: "60", CI: "1" } }],
  ];
  test.each(without)("shows nothing where %s", async (_, over) => {
    const { clock, shown, on } = stage(over);
    const { promise, resolve } = Promise.withResolvers<void>();
    const wait = waiting("thinking", () => promise, on);
    await clock.advance(5_000);
    resolve();
    await wait;
    expect(shown).toEqual([]);
  });
});

describe("progress", () => {
  test("fills up, tells the figures, and ends with nothing", async () => {
    const { clock, shown, on } = stage();
    const bar = progress(3, "sending", on);
    bar.step();
    await clock.advance(400);
    expect(shown.at(-1)).toBe("sending [########................] 1/3 (0 s)");
    bar.step(2);
    await clock.advance(120);
    expect(shown.at(-1)).toBe("sending [########################] 3/3 (0 s)");
    bar.end();
    bar.end();
    expect(shown.at(-1)).toBe("");
    await clock.advance(5_000);
    expect(shown.filter((text) => text === "")).toHaveLength(1);
  });

  test("of nothing, or beyond its end, is full", async () => {
    const { clock, shown, on } = stage();
    {
      using bar = progress(0, "sending", on);
      bar.step();
      await clock.advance(400);
    }
    expect(shown).toEqual(["sending [########################] 1/0 (0 s)", ""]);
  });
});
