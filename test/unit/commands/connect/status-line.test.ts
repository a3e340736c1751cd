/** The line under the log of a running bridge. */
import { describe, expect, test } from "bun:test";
import type { Stage } from "../../../../src/cli/waiting.ts";
import { describeStatuses, StatusLine } from "../../../../src/commands/connect/status-line.ts";
import type { WorkspaceStatus } from "../../../../src/observe/status.ts";
import { stage } from "../../cli/stage.ts";
import { statusOf } from "../../observe/support.ts";

const messages = (answered: number) => ({ ...statusOf().messages, answered });

function line(over: Partial<Stage> = {}) {
  const { clock, shown, on } = stage({ env: { COLUMNS: "60", NO_COLOR: "1" }, ...over });
  let status = statusOf();
  let reads = 0;
  const statusLine = new StatusLine(on, () => {
    reads += 1;
    return [status];
  });
  const change = (next: Partial<WorkspaceStatus> = {}) => {
    status = statusOf(next);
    statusLine.changed();
  };
  return { clock, shown, statusLine, change, reads: () => reads };
}

describe("the words", () => {
  const CASES: [Partial<WorkspaceStatus>[], string][] = [
    [[], ""],
    [[{}], "● connected, woken by events · 0 answered"],
    [
      [
        {
          running: 2,
          messages: messages(31),
          store: { unsettled: 5, outbox: 0, deadLetters: 1 },
        },
      ],
      "● connected, woken by events · 2 running · 3 waiting · 31 answered · 1 dead letter",
    ],
    [[{ wake: "away" }], "● connected · 0 answered"],
    [[{ mode: "push", wake: "off" }], "● connected · 0 answered"],
    [[{ store: undefined }], "● connected, woken by events · 0 answered"],
    [
      [{ state: "troubled", troubles: ["heartbeats fail", "more"] }],
      "● connected, but heartbeats fail · 0 answered",
    ],
    [[{ state: "stopped" }, { state: "stopped" }], ""],
    [[{}, { state: "stopped" }], "● 1 of 2 connected, woken by events · 0 answered"],
    [[{ state: "starting" }], "● starting · 0 answered"],
    [[{ state: "waiting" }], "● waiting for another bridge to end · 0 answered"],
    [[{ state: "draining" }], "● stopping · 0 answered"],
    [
      [{ messages: messages(1) }, { messages: messages(2) }],
      "● 2 of 2 connected, woken by events · 3 answered",
    ],
    [
      [{}, { state: "troubled" }, { state: "failed" }, { state: "draining" }],
      "● 2 of 4 connected, woken by events · 1 troubled · 1 stopping · 1 failed · 0 answered",
    ],
    [[{}, { wake: "open" }], "● 2 of 2 connected · 0 answered"],
  ];

  test.each(CASES.map(([all, text]) => [text, all] as const))("%s", (text, all) => {
    expect(describeStatuses(all.map(statusOf))).toBe(text);
  });
});

test("it is shown at a change, and nothing is done while nothing changes", async () => {
  const { clock, shown, change, reads } = line();
  await clock.advance(60_000);
  expect(reads()).toBe(0);
  change();
  expect(shown).toEqual(["● connected, woken by events · 0 answered"]);
  await clock.advance(60_000);
  expect(reads()).toBe(1);
  expect(clock.pending).toEqual([]);
});

test("it changes four times a second at most, and to the last word", async () => {
  const { clock, shown, change, reads } = line();
  for (let i = 0; i < 100; i++) {
    change({ messages: messages(i) });
    await clock.advance(10);
  }
  expect(shown.length).toBeLessThanOrEqual(5);
  expect(reads()).toBeLessThanOrEqual(5);
  await clock.advance(250);
  expect(shown.at(-1)).toEndWith("99 answered");
});

test("what looks the same is not written again", async () => {
  const { clock, shown, change } = line();
  for (let i = 0; i < 5; i++) {
    change();
    await clock.advance(1_000);
  }
  expect(shown).toHaveLength(1);
});

test("it ends with an empty row, and does not come back", async () => {
  const { clock, shown, change, statusLine } = line();
  change();
  change({ running: 1 });
  statusLine.end();
  statusLine.end();
  change({ running: 2 });
  await clock.advance(1_000);
  expect(shown).toEqual(["● connected, woken by events · 0 answered", ""]);
});

test("it fits the terminal, on one line, whatever a reason says", () => {
  const { shown, change } = line();
  change({ state: "troubled", troubles: [`no\n\u001b[2Jroute ${"漢".repeat(100)}`] });
  const [text = ""] = shown;
  expect(Bun.stringWidth(text)).toBeLessThanOrEqual(59);
  expect(text).toEndWith("…");
  expect(text).not.toMatch(/[\n\u001b]/);
});

test("its dot has a colour where there are colours", () => {
  const env = { COLUMNS: "60" };
  const first = (status: Partial<WorkspaceStatus>) => {
    const { shown, change } = line({ env });
    change(status);
    return shown[0]?.slice(0, 10);
  };
  expect(first({})).toStartWith("\u001b[32m●\u001b[0m");
  expect(first({ state: "troubled" })).toStartWith("\u001b[33m●");
  expect(first({ state: "failed" })).toStartWith("\u001b[31m●");
});

const NOWHERE: [why: string, over: Partial<Stage>][] = [
  ["no terminal", { terminal: () => false }],
  ["a dumb terminal", { env: { TERM: "dumb" } }],
  ["CI", { env: { CI: "1" } }],
  ["--verbose", { verbose: true }],
];

test.each(NOWHERE)("with %s nothing is shown, read or listened for", async (_, over) => {
  const before = process.listenerCount("SIGWINCH");
  const { clock, shown, change, reads, statusLine } = line(over);
  change();
  await clock.advance(1_000);
  expect(process.listenerCount("SIGWINCH")).toBe(before);
  statusLine.end();
  expect({ shown, reads: reads() }).toEqual({ shown: [], reads: 0 });
});
