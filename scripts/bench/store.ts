/** What the store costs by itself, on the disk that the temporary files are on. */
import { LocalStore } from "../../src/store/local.ts";
import type { NewRow } from "../../src/store/store.ts";
import { systemClock } from "../../src/shared/clock.ts";
import { formatTimestamp } from "../../src/shared/timestamp.ts";
import { spread, type Figure, type Measurement } from "./measurement.ts";
import type { Workbench } from "./workbench.ts";

const ROUNDS = 5;
const PAGE_ROWS = 100;
const PAGES = 10;
const KEEPS = 200;
const LANE = "4d6f5374-0000-4000-8000-000000000001";

export const store: Measurement = { name: "store", measure };

async function measure(bench: Workbench): Promise<Figure[]> {
  const id = crypto.randomUUID();
  const local = new LocalStore(bench.newFolder(), id, { clock: systemClock });
  await local.lock.take();
  await local.open();
  const times = { admit: [] as number[], run: [] as number[], keep: [] as number[] };
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      const { admit, run, keep } = await measureRound(local, round);
      // The first one warms up.
      if (round === 0) continue;
      times.admit.push(admit);
      times.run.push(run * 1000);
      times.keep.push(keep);
    }
  } finally {
    await local.close();
  }
  bench.say("store: done");
  return [
    {
      what: `a page of ${PAGE_ROWS} rows of 1 KiB into the journal, durably`,
      measured: `${spread(times.admit, 1)} ms`,
      aim: "",
    },
    {
      what: "a message begun and settled in the journal",
      measured: `${spread(times.run, 0)} µs`,
      aim: "",
    },
    { what: "an answer kept, durably", measured: `${spread(times.keep, 2)} ms`, aim: "" },
  ];
}

/** Milliseconds for each page, each run and each answer. */
async function measureRound(local: LocalStore, round: number) {
  const pages = Array.from({ length: PAGES }, (_, page) =>
    Array.from({ length: PAGE_ROWS }, (_, n) => newRow((round * PAGES + page) * PAGE_ROWS + n)),
  );
  const admit = await per(pages, (page) => local.journal.admit(page, undefined));
  const ids = pages.flat().map((row) => row.id);
  const answered = ids.slice(0, KEEPS);
  const keep = await per(answered, (activityId) =>
    local.outbox.keep({
      activityId,
      lane: LANE,
      kind: "answer",
      generation: 0,
      body: "x".repeat(1_024),
      digest: undefined,
    }),
  );
  for (const id of answered) await local.journal.settle(id);
  const run = await per(ids.slice(KEEPS), async (id) => {
    await local.journal.begin(id, true);
    await local.journal.settle(id);
  });
  return { admit, run, keep };
}

async function per<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<number> {
  const began = performance.now();
  for (const item of items) await work(item);
  return (performance.now() - began) / items.length;
}

function newRow(n: number): NewRow {
  const id = crypto.randomUUID();
  const message = { lane: LANE, raw: "x".repeat(1_024), ids: [id], digest: id };
  return { id, at: formatTimestamp(BigInt(n) * 1_000_000n), message, notice: undefined };
}
