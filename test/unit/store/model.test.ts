/**
 * The store against a model of a few maps: random commands, with the store closed and opened again
 * at random points, must give what the model says.
 */
import { expect } from "bun:test";
import fc from "fast-check";
import type { Admission, NewReply, NewRow, Reply, Store } from "../../../src/store/store.ts";
import { contract } from "./contract.ts";
import { answerTo, asking, at, passing, trouble } from "./support.ts";

type State = "waiting" | "running" | "answered" | "handed" | "dead";

interface Message {
  row: NewRow;
  n: number;
  lane: string;
  state: State;
  attempts: number;
  crashes: number;
  generation: number;
  told: boolean;
  holds: boolean;
  pending: { reply: NewReply; deadReason: string | undefined } | undefined;
  handed: { reply: NewReply; deadReason: string | undefined } | undefined;
  undelivered: NewReply | undefined;
  /** When its last reply was kept. */
  kept: number;
}

const isOpen = ({ state }: Message) => ["waiting", "running", "answered"].includes(state);
const inOrder = (a: { row: NewRow; n: number }, b: { row: NewRow; n: number }) =>
  a.row.at < b.row.at ? -1 : a.row.at > b.row.at ? 1 : a.n - b.n;

class Model {
  replies = 0;
  seen: { row: NewRow; n: number }[] = [];
  messages = new Map<string, Message>();
  sent = new Map<string, { digest: string; of: string }[]>();

  admit(row: NewRow): Admission {
    if (this.seen.some((seen) => seen.row.id === row.id)) return { kind: "known" };
    const n = this.seen.length;
    this.seen.push({ row, n });
    const { message } = row;
    if (message === undefined) return { kind: "entered", reusedId: false };
    const key = (id: string) => JSON.stringify([message.lane, id]);
    const earlier = message.ids.flatMap((id) => this.sent.get(key(id)) ?? []);
    const same = earlier.find(({ digest }) => digest === message.digest);
    for (const id of message.ids) {
      const list = this.sent.get(key(id)) ?? [];
      if (!list.some(({ digest }) => digest === message.digest)) {
        list.push({ digest: message.digest, of: same?.of ?? row.id });
      }
      this.sent.set(key(id), list);
    }
    if (same !== undefined) return { kind: "repeat", of: same.of };
    this.messages.set(row.id, {
      row,
      n,
      lane: message.lane,
      state: "waiting",
      attempts: 0,
      crashes: 0,
      generation: 0,
      told: false,
      holds: true,
      pending: undefined,
      handed: undefined,
      undelivered: undefined,
      kept: 0,
    });
    return { kind: "entered", reusedId: earlier.length > 0 };
  }

  open(lane?: string): Message[] {
    const all = [...this.messages.values()].filter(isOpen).sort(inOrder);
    return lane === undefined ? all : all.filter((message) => message.lane === lane);
  }

  head(lane: string): Message | undefined {
    const open = this.open(lane);
    // Those of one time stand in the order in which their replies were kept.
    const replies = open
      .filter(({ pending }) => pending)
      .sort((a, b) => (a.row.at < b.row.at ? -1 : a.row.at > b.row.at ? 1 : a.kept - b.kept));
    return replies[0] ?? open[0];
  }

  dead(): Message[] {
    return [...this.messages.values()].filter(({ state }) => state === "dead").sort(inOrder);
  }

  watermark() {
    const ordered = [...this.seen].sort(inOrder);
    const first = ordered.findIndex(({ row }) => this.messages.get(row.id)?.holds);
    const mark = ordered[(first === -1 ? ordered.length : first) - 1]?.row;
    return mark === undefined ? undefined : { id: mark.id, at: mark.at };
  }

  bury(message: Message): void {
    if (message.state === "running") message.attempts++;
    Object.assign(message, { state: "dead", holds: false });
    const { pending } = message;
    if (pending !== undefined && pending.reply.kind === "answer") {
      message.undelivered = pending.reply;
    }
    message.pending = undefined;
  }

  bytes(): number {
    let bytes = 0;
    for (const { row, pending, handed, undelivered } of this.messages.values()) {
      bytes += row.message?.raw.length ?? 0;
      for (const body of [pending?.reply, handed?.reply, undelivered]) {
        bytes += body?.body.length ?? 0;
      }
    }
    return bytes;
  }
}

type Command =
  | { do: "admit"; rows: NewRow[] }
  | { do: "begin" | "again" | "release" | "recover" | "settle" | "bury"; lane: string }
  | { do: "keep"; lane: string; kind: "answer" | "trouble"; dies: boolean }
  | { do: "posted" | "refused" | "handOver"; lane: string }
  | { do: "posted handed" | "refused handed"; pick: number }
  | { do: "retry" | "drop"; pick: number }
  | { do: "elsewhere"; pick: number }
  | { do: "reopen" | "prune" };

const lane = fc.constantFrom("peer", "", "other");
const row = fc
  .record({ second: fc.nat(30), id: fc.nat(40), sent: fc.nat(8), digest: fc.nat(1), lane })
  .map(({ second, id, sent, digest, lane: of }) => ({
    ...asking(second, of, { ids: [`${sent}`], digest: `${digest}`, raw: "x".repeat(id + 1) }),
    id: `m${id}`,
  }));
const passed = fc.record({ second: fc.nat(30) }).map(({ second }) => passing(second));
const pick = fc.nat(5);
const step = (...names: Extract<Command, { lane: string }>["do"][]) =>
  fc.record({ do: fc.constantFrom(...names), lane }) as fc.Arbitrary<Command>;

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("admit" as const),
      rows: fc.array(fc.oneof(row, row, passed), { maxLength: 4 }),
    }),
  },
  { weight: 8, arbitrary: step("begin", "again", "release", "recover", "settle", "bury") },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("keep" as const),
      lane,
      kind: fc.constantFrom("answer" as const, "answer" as const, "trouble" as const),
      dies: fc.boolean(),
    }),
  },
  { weight: 8, arbitrary: step("posted", "refused", "handOver") },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("posted handed" as const, "refused handed" as const),
      pick,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("retry" as const, "retry" as const, "drop" as const),
      pick,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("elsewhere" as const), pick: fc.nat(60) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom("reopen" as const, "reopen" as const, "prune" as const),
    }),
  },
);

const kept = (reply: NewReply): Reply => ({
  ...reply,
  at: "",
  since: 0,
  maybePosted: false,
  deadReason: undefined,
});

/** Does the command where the model allows it, in both. */
async function perform(command: Command, model: Model, store: Store): Promise<void> {
  const { journal, outbox, deadLetters } = store;
  const message = "lane" in command ? model.head(command.lane) : undefined;
  switch (command.do) {
    case "admit":
      expect(await journal.admit(command.rows, undefined)).toEqual(
        command.rows.map((row) => model.admit(row)),
      );
      return;
    case "begin":
      if (message?.state !== "waiting") return;
      message.state = "running";
      await journal.begin(message.row.id, true);
      expect(await journal.row(message.row.id)).toBe(message.row.message?.raw ?? "");
      return;
    case "again":
    case "release":
    case "recover":
      if (message?.state !== "running") return;
      message.state = "waiting";
      if (command.do === "again") message.attempts++;
      if (command.do === "recover") message.crashes++;
      return journal[command.do](message.row.id);
    case "settle":
      if (message === undefined) return;
      model.messages.delete(message.row.id);
      return journal.settle(message.row.id);
    case "bury":
      if (message === undefined) return;
      model.bury(message);
      return journal.bury(message.row.id, "why");
    case "keep": {
      if (message === undefined || message.state === "answered") return;
      const { id } = message.row;
      const isTrouble = command.kind === "trouble";
      const reply = {
        ...(isTrouble ? trouble(id) : answerTo(id)),
        lane: message.lane,
        generation: message.generation,
      };
      const deadReason = command.dies && !isTrouble ? "bound" : undefined;
      message.pending = { reply, deadReason };
      if (deadReason !== undefined && message.state === "running") message.attempts++;
      message.kept = ++model.replies;
      message.state = isTrouble ? "waiting" : "answered";
      if (isTrouble) message.told = true;
      expect(await outbox.keep(reply, deadReason)).toMatchObject({ kind: reply.kind, deadReason });
      return;
    }
    case "posted":
    case "refused": {
      const { reply, deadReason } = message?.pending ?? {};
      if (message === undefined || reply === undefined) return;
      const isTrouble = reply.kind !== "answer";
      if (isTrouble) message.pending = undefined;
      else if (command.do === "refused") model.bury(message);
      else if (deadReason === undefined) model.messages.delete(message.row.id);
      else {
        message.pending = undefined;
        model.bury(message);
      }
      return command.do === "posted"
        ? outbox.posted(kept(reply), at(0))
        : outbox.refused(kept(reply), "why");
    }
    case "handOver": {
      // What becomes of a trouble that is handed over has a test of its own.
      if (message?.pending === undefined || message.pending.reply.kind !== "answer") return;
      const { pending } = message;
      Object.assign(message, { handed: pending, pending: undefined, holds: false });
      message.state = pending.deadReason === undefined ? "handed" : "dead";
      return outbox.handOver(kept(pending.reply));
    }
    case "posted handed":
    case "refused handed": {
      const found = [...model.messages.values()].filter(({ handed }) => handed)[command.pick];
      if (found?.handed === undefined) return;
      const { reply } = found.handed;
      found.handed = undefined;
      const isOurs = found.generation === reply.generation;
      if (command.do === "posted handed") {
        if (found.state === "handed") model.messages.delete(found.row.id);
        return outbox.posted(kept(reply), at(0));
      }
      if (isOurs) {
        model.bury(found);
        found.undelivered = reply;
      }
      return outbox.refused(kept(reply), "why");
    }
    case "retry": {
      const letter = model.dead()[command.pick];
      if (letter === undefined || letter.handed !== undefined) return;
      letter.generation++;
      Object.assign(letter, { attempts: 0, crashes: 0, told: false });
      const { undelivered } = letter;
      letter.state = undelivered === undefined ? "waiting" : "answered";
      letter.undelivered = undefined;
      if (undelivered !== undefined) {
        const reply = { ...undelivered, generation: letter.generation, body: "anew" };
        letter.kept = ++model.replies;
        letter.pending = { reply, deadReason: undefined };
      }
      expect(await deadLetters.retry(letter.row.id, () => "anew")).toBe(true);
      return;
    }
    case "drop": {
      const letter = model.dead()[command.pick];
      if (letter === undefined || letter.handed !== undefined) return;
      model.messages.delete(letter.row.id);
      expect(await deadLetters.drop(letter.row.id)).toBe(true);
      return;
    }
    case "elsewhere": {
      const end = model.seen[command.pick];
      const given = model
        .open()
        .filter((one) => one.generation === 0)
        .filter((one) => end === undefined || inOrder(one, end) <= 0);
      for (const one of given) model.messages.delete(one.row.id);
      expect(await journal.handledElsewhere(end?.row.id ?? "unknown")).toBe(given.length);
      return;
    }
    case "prune":
      return store.prune();
    case "reopen":
  }
}

async function compare(model: Model, store: Store): Promise<void> {
  const { journal, outbox, deadLetters } = store;
  expect(await journal.watermark()).toEqual(model.watermark());
  expect(await journal.load()).toEqual({
    waiting: model.open().length,
    deadLetters: model.dead().length,
    bytes: model.bytes(),
    full: false,
  });
  expect((await journal.lanes()).sort()).toEqual(
    [...new Set(model.open().map((message) => message.lane))].sort(),
  );
  for (const lane of ["peer", "", "other"]) {
    const message = model.head(lane);
    const head = await journal.head(lane);
    if (message === undefined) expect(head).toBeUndefined();
    else {
      const { attempts, crashes, generation, told, pending } = message;
      expect(head).toMatchObject({ id: message.row.id, attempts, crashes, generation, told });
      if (pending === undefined) expect(head?.reply).toBeUndefined();
      else {
        const { body, ...reply } = pending.reply;
        const { deadReason } = pending;
        expect(head?.reply).toMatchObject({ ...reply, deadReason, at: message.row.at });
        if (head?.reply !== undefined) expect(await outbox.body(head.reply)).toBe(body);
      }
      expect(await journal.row(message.row.id)).toBe(message.row.message?.raw ?? "");
    }
  }
  expect((await deadLetters.list()).map(({ id }) => id)).toEqual(
    model.dead().map(({ row }) => row.id),
  );
  for (const { row, undelivered } of model.dead()) {
    const letter = await deadLetters.get(row.id);
    expect(letter?.raw).toBe(row.message?.raw ?? "");
    expect(letter?.undelivered?.body).toBe(undelivered?.body);
  }
  const open = [...model.messages.values()];
  expect(await outbox.count()).toBe(
    open.filter(({ pending }) => pending).length + open.filter(({ handed }) => handed).length,
  );
}

contract(
  "a store does what its model does, also when it is opened again in between",
  async (home) => {
    const check = async (commands: Command[]) => {
      const workspace = home.neighbour();
      const model = new Model();
      let store = await workspace.open();
      try {
        for (const one of commands) {
          await perform(one, model, store);
          if (one.do === "reopen") {
            await store.close();
            store = await workspace.open();
          }
          await compare(model, store);
        }
      } finally {
        await store.close();
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(command, { maxLength: 60, size: "max" }), check), {
      numRuns: Number(process.env["MODEL_RUNS"] ?? 60),
    });
  },
  120_000,
);
