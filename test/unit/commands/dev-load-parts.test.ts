/** The parts of a load by themselves: the plan, the codes, the reading of feeds, the figures, the sending. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readRow, type Row } from "../../../src/a2a/feed-row.ts";
import { Answers } from "../../../src/commands/dev/load/answers.ts";
import { codeIn, formatCode, newRun } from "../../../src/commands/dev/load/code.ts";
import { Ledger } from "../../../src/commands/dev/load/ledger.ts";
import { plan, type Load } from "../../../src/commands/dev/load/plan.ts";
import { reportOf } from "../../../src/commands/dev/load/report.ts";
import { sendAll, type Sending } from "../../../src/commands/dev/load/sending.ts";
import { Tail } from "../../../src/commands/dev/load/tail.ts";
import { PlatformError, type ActivityQuery, type Verdict } from "../../../src/platform/platform.ts";
import { systemClock } from "../../../src/shared/clock.ts";

const RUN = "abcdef";
const LOAD: Load = {
  n: 9,
  rate: 100,
  from: ["canvas", "ada", "ben"],
  text: "{i}",
  seed: 7,
  run: RUN,
};

function ledgerOf(load: Partial<Load> = {}): Ledger {
  let ids = 0;
  return new Ledger(plan({ ...LOAD, ...load }), () => `m-${++ids}`);
}

describe("the plan", () => {
  test("has each message due by the rate, and nobody send more than one ahead of the others", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 7 }),
        fc.double({ min: 0.01, max: 10_000, noNaN: true }),
        fc.nat(),
        (n, senders, rate, seed) => {
          const from = Array.from({ length: senders }, (_, i) => `s${i}`);
          const planned = plan({ ...LOAD, n, rate, from, seed });
          expect(planned.map(({ number }) => number)).toEqual(planned.map((_, i) => i + 1));
          expect(planned.at(-1)?.dueMs).toBeCloseTo(((n - 1) * 1_000) / rate);
          const shares = from.map((_, i) => planned.filter((one) => one.from === i).length);
          expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  test("is the same for the same seed, and another for another", () => {
    const senders = (seed: number) => plan({ ...LOAD, n: 60, seed }).map(({ from }) => from);
    expect(senders(7)).toEqual(senders(7));
    expect(senders(7)).not.toEqual(senders(8));
  });
});

test("a code is found again in whatever the text is made of, and in whatever case", () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => !text.includes("#")),
      fc.string().filter((text) => !/^\d/.test(text)),
      fc.integer({ min: 1, max: 100_000 }),
      fc.boolean(),
      (before, after, number, loud) => {
        const run = newRun(Math.random);
        const text = `${before}${formatCode({ run, number })}${after}`;
        const said = loud ? text.toUpperCase() : text;
        // What letters become in capitals may be digits' neighbours, never digits.
        expect(codeIn(said)).toEqual({ run, number });
      },
    ),
  );
  expect(codeIn("no code #abc.1 here, nor #abcdef.1234567")).toBeUndefined();
});

const START = Date.UTC(2026, 0, 1);

/** A row of a feed; `at` in milliseconds. */
function rowOf(at: number, more: object = {}): Row {
  const created_at = new Date(START + at).toISOString();
  const raw = { id: crypto.randomUUID(), created_at, activity_type: "a2a_receive", ...more };
  const row = readRow(raw);
  if (row === undefined) throw new Error("no row");
  return row;
}

const asked = (at: number, messageId: string, text = "") =>
  rowOf(at, {
    source_id: null,
    method: "message/send",
    request_body: { params: { message: { messageId, parts: [{ kind: "text", text }] } } },
  });
const notice = (at: number, text: string) =>
  rowOf(at, { source_id: null, method: "notify", response_body: { result: text } });

describe("the canvas's answers", () => {
  const setting = () => {
    const ledger = ledgerOf({ n: 3, from: ["canvas"] });
    const answers = new Answers(ledger, "the-agent", RUN, () => 0);
    const take = (...rows: Row[]) => rows.forEach((row) => answers.ofAgent(row));
    const counts = () => ledger.entries.map((entry) => entry.answers.length);
    return { ledger, take, counts };
  };

  test("go to the oldest question, also past one of somebody else", () => {
    const { take, counts } = setting();
    take(asked(0, "m-1"), asked(1, "stranger"), asked(2, "m-2"));
    take(notice(3, "… looking"), notice(3, "I can't answer yet: it is not ready."));
    expect(counts()).toEqual([0, 0, 0]);
    take(notice(3, "one"), notice(4, "not ours"));
    expect(counts()).toEqual([1, 0, 0]);
    take(notice(5, "two"));
    expect(counts()).toEqual([1, 1, 0]);
  });

  test("go to the question whose code they repeat, and count twice if they do", () => {
    const { take, counts, ledger } = setting();
    take(asked(0, "m-1", `#${RUN}.1`), asked(1, "m-2", `#${RUN}.2`));
    take(notice(2, `echo: #${RUN}.2`), notice(3, `echo: #${RUN}.2`));
    expect(counts()).toEqual([0, 2, 0]);
    take(notice(4, "without a code"), notice(5, "nobody asked"));
    expect(counts()).toEqual([1, 2, 0]);
    expect(ledger.unasked).toBe(1);
  });

  test("to another run are none of ours", () => {
    const { take, counts, ledger } = setting();
    take(asked(0, "stranger", "#zzzzzz.1"), asked(1, "m-1"));
    take(notice(2, "echo: #zzzzzz.1"), notice(3, "echo: #zzzzzz.9"));
    expect({ counts: counts(), unasked: ledger.unasked }).toEqual({
      counts: [0, 0, 0],
      unasked: 0,
    });
    take(notice(4, "one"));
    expect(counts()).toEqual([1, 0, 0]);
  });
});

/** A feed as the platform serves it: rows in order of time, those after an instant, or the newest first. */
class FakeFeed {
  rows: Row[] = [];
  reads = 0;

  activity = async ({ limit, sinceId, beforeTs }: ActivityQuery): Promise<unknown[]> => {
    this.reads += 1;
    const time = (row: Row) => row.createdAt ?? 0n;
    const sorted = this.rows.toSorted((a, b) => (time(a) < time(b) ? -1 : 1));
    if (sinceId !== undefined) {
      const since = time(sorted.find(({ id }) => id === sinceId) as Row);
      return sorted
        .filter((row) => time(row) > since)
        .slice(0, limit)
        .map(({ raw }) => raw);
    }
    const older = sorted.filter(
      ({ raw }) => beforeTs === undefined || String(raw["created_at"]) < beforeTs,
    );
    return older
      .toReversed()
      .slice(0, limit)
      .map(({ raw }) => raw);
  };
}

describe("reading a feed", () => {
  const read = async (tail: Tail, back = false) => {
    const taken: Row[] = [];
    await tail.read((row) => void taken.push(row), back);
    return taken;
  };

  test("begins after what is there, and gives each row once, however many pages they are", async () => {
    const feed = new FakeFeed();
    feed.rows = [rowOf(0), rowOf(1)];
    const tail = new Tail(feed);
    await tail.begin();
    expect(await read(tail)).toEqual([]);
    const fresh = Array.from({ length: 1_200 }, (_, i) => rowOf(10 + i));
    feed.rows.push(...fresh);
    expect((await read(tail)).map(({ id }) => id)).toEqual(fresh.map(({ id }) => id));
    expect(await read(tail)).toEqual([]);
    expect(await read(tail, true)).toEqual([]);
  });

  test("misses none of many rows in a feed that had none", async () => {
    const feed = new FakeFeed();
    const tail = new Tail(feed);
    await tail.begin();
    feed.rows = Array.from({ length: 1_200 }, (_, i) => rowOf(i));
    expect((await read(tail)).map(({ id }) => id)).toEqual(feed.rows.map(({ id }) => id));
  });

  test("looking back finds what appeared late, or shares an instant, as far back as that may be", async () => {
    const feed = new FakeFeed();
    feed.rows = [rowOf(0)];
    const tail = new Tail(feed);
    await tail.begin();
    feed.rows.push(...Array.from({ length: 30 }, (_, i) => rowOf(1_000 + i * 1_000)));
    expect(await read(tail)).toHaveLength(30);
    const late = [rowOf(25_500), rowOf(30_000)];
    feed.rows.push(...late);
    expect(await read(tail)).toEqual([]);
    expect((await read(tail, true)).map(({ id }) => id)).toEqual(late.map(({ id }) => id));
    // Only the end is read again.
    feed.rows.push(rowOf(5_500));
    expect(await read(tail, true)).toEqual([]);
  });
});

describe("the figures", () => {
  const about = { workspace: "w", name: "agent", from: LOAD.from.slice(), seed: 7 };

  test("count each message once, by what is known of it", () => {
    const ledger = ledgerOf();
    const [first, second, third, fourth, fifth] = ledger.entries;
    if (!first || !second || !third || !fourth || !fifth) throw new Error("too few");
    for (const entry of [first, second, third]) ledger.send(entry);
    ledger.answer(first, { failed: false, atMs: 100 });
    ledger.answer(first, { failed: false, atMs: 120 });
    ledger.answer(second, { failed: true, atMs: 100 });
    // Its sender never heard that it was sent.
    ledger.answer(fourth, { failed: false, atMs: 130 });
    ledger.send(fourth);
    ledger.giveUp(fifth);
    expect(reportOf(ledger, about)).toMatchObject({
      messages: 9,
      sent: 4,
      answered: 2,
      failed: 1,
      doubled: 1,
      unanswered: 1,
      answer_ms: { p50: 100, max: 100 },
    });
    expect([ledger.sentOut, ledger.settled]).toEqual([5, 4]);
  });

  test("give the nearest rank of the answer times, from when each message was due", () => {
    const ledger = ledgerOf({ n: 100 });
    for (const entry of ledger.entries) {
      ledger.answer(entry, { failed: false, atMs: entry.dueMs + entry.number });
    }
    expect(reportOf(ledger, about).answer_ms).toEqual({ p50: 50, p90: 90, p99: 99, max: 100 });
  });

  test("tell of late starts", () => {
    const ledger = ledgerOf();
    for (const [i, entry] of ledger.entries.entries()) {
      entry.startedMs = entry.dueMs + (i < 3 ? 0 : i * 20);
    }
    expect(reportOf(ledger, about)).toMatchObject({ late_starts: 6, worst_lateness_ms: 160 });
  });

  test("one answer out of its place counts as one, whichever way it was moved", () => {
    fc.assert(
      fc.property(fc.nat({ max: 8 }), fc.nat({ max: 8 }), (from, to) => {
        const ledger = ledgerOf({ from: ["ada"] });
        const order = ledger.entries.slice();
        for (const [i, entry] of order.entries()) ledger.ask(entry, { at: BigInt(i), seq: 0 });
        const [moved] = order.splice(from, 1);
        if (moved !== undefined) order.splice(to, 0, moved);
        for (const [i, entry] of order.entries()) {
          ledger.answer(entry, { failed: false, atMs: i, place: { at: 0n, seq: i } });
        }
        const { out_of_order } = reportOf(ledger, { ...about, from: ["ada"] });
        expect(out_of_order).toBe(from === to ? 0 : 1);
      }),
    );
  });
});

describe("the sending", () => {
  const QUEUED = { queued: true, body: { status: "queued" }, note: undefined };
  type Send = Sending["senders"][number]["client"]["send"];

  async function sent(ledger: Ledger, send: Send, more: Partial<Sending> = {}) {
    const startedAt = systemClock.monotonic();
    await sendAll({
      ledger,
      senders: LOAD.from.map(() => ({ client: { send } })),
      agentId: "w",
      concurrency: 200,
      clock: systemClock,
      random: () => 0,
      elapsed: () => systemClock.monotonic() - startedAt,
      signal: new AbortController().signal,
      onRefused: () => {},
      ...more,
    });
  }

  test("does not wait for an answer before the next message", async () => {
    const ledger = ledgerOf({ rate: 1_000 });
    const all = Promise.withResolvers<typeof QUEUED>();
    let open = 0;
    await sent(ledger, () => {
      open += 1;
      if (open === 9) all.resolve(QUEUED);
      return all.promise;
    });
    expect(ledger.sentOut).toBe(9);
  });

  test("has no more open than it may, and what has to wait for that starts late", async () => {
    const ledger = ledgerOf({ rate: 10_000 });
    let open = 0;
    let most = 0;
    const send = async () => {
      most = Math.max(most, ++open);
      await Bun.sleep(30);
      open -= 1;
      return QUEUED;
    };
    await sent(ledger, send, { concurrency: 2 });
    expect(most).toBe(2);
    // The ninth waits for four rounds.
    expect(ledger.entries[8]?.startedMs).toBeGreaterThan(90);
  });

  test.each<[Verdict, number, number]>([
    ["transient", 2, 1],
    ["misaddressed", 2, 1],
    ["forbidden", 1, 0],
    ["permanent", 1, 0],
  ])("%s: a refused message has %i tries, all under one id", async (verdict, tries, done) => {
    const ledger = ledgerOf({ n: 1 });
    const ids: string[] = [];
    await sent(ledger, async (_, { id }) => {
      ids.push(String(id));
      if (ids.length === 1) throw new PlatformError("no", { verdict, status: 418 });
      return QUEUED;
    });
    expect(ids).toEqual(Array(tries).fill("m-1"));
    expect(ledger.entries.filter(({ state }) => state === "sent")).toHaveLength(done);
    expect([...ledger.refused]).toEqual([["418", 1]]);
  });

  test("an answer that can't be read says nothing, so the message is sent again", async () => {
    const ledger = ledgerOf({ n: 1 });
    let tries = 0;
    await sent(ledger, async () =>
      ++tries === 1 ? { queued: false, body: undefined, note: undefined } : QUEUED,
    );
    expect([tries, ...ledger.refused]).toEqual([2, ["none", 1]]);
  });

  test("waits as long as it is asked to, and ends at once when it is told to", async () => {
    const ledger = ledgerOf({ n: 1 });
    const stop = new AbortController();
    const refuse = async () => {
      throw new PlatformError("no", { verdict: "transient", status: 429, retryAfterMs: 600_000 });
    };
    await sent(ledger, refuse, { signal: stop.signal, onRefused: () => stop.abort() });
    expect(ledger.entries[0]?.state).toBe("due");
  });

  test("what is no failure of the platform ends it", async () => {
    const ledger = ledgerOf();
    const broken = sent(ledger, () => Promise.reject(new TypeError("broken")));
    await expect(broken).rejects.toThrow("broken");
  });
});
