/**
 * A small world around a bridge, and what must come of it: peers whose messages carry the story of
 * their own run and delivery, the platform that takes the answers, and the rules that are checked.
 */
import { expect } from "bun:test";
import type { Outcome } from "../../src/backends/backend.ts";
import { digestOf } from "../../src/a2a/identity.ts";
import type { ActivityRow } from "../../src/contract/types.ts";
import type { RevisionName } from "../../src/dev/revision.ts";
import { formatTimestamp } from "../../src/shared/timestamp.ts";
import type { Cursor } from "../../src/store/store.ts";
import { backendOf } from "../harness/bridge.ts";
import { saying, targetOf, textOf } from "../harness/peers.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../harness/scripted-platform.ts";
import { TimedFeed } from "../harness/timed-feed.ts";

export const MAX_ATTEMPTS = 3;

/** How the runs of a message end; `again` says how often nothing is done. */
export const OUTCOMES = ["answer", "again 1", "again 2", "again 9", "failed", "declined"] as const;
/** What the peer's side makes of the reply: `busy` and `lost` are a 503, before and after it is taken. */
export const DELIVERIES = ["taken", "taken", "busy", "lost", "refused"] as const;

export interface Story {
  /** The peer's id; "" is the canvas. */
  lane: string;
  messageId: string;
  outcome: (typeof OUTCOMES)[number];
  delivery: (typeof DELIVERIES)[number];
}

interface Message {
  story: Story;
  row: ActivityRow;
  /** In the order of the feed. */
  place: number;
  /** It is seen later than others behind it. */
  late: boolean;
}

export class World implements AsyncDisposable {
  readonly platform = new ScriptedPlatform();
  readonly feed: TimedFeed;
  readonly messages: Message[] = [];
  readonly backend = backendOf(({ text, activityId }) => this.#run(text, activityId));
  /** Replies that the platform has taken, and those that it refused for good, as they came. */
  readonly taken: { id: string; lane: string; messageId: string; text: string }[] = [];
  readonly refused = new Set<string>();
  readonly #runs: string[] = [];
  readonly #tries = new Map<string, number>();
  readonly #late: { commit: () => void; ops: number }[] = [];
  #ns = BigInt(Date.now()) * 1_000_000n;
  #rows = 0;

  constructor(revision: RevisionName) {
    this.feed = new TimedFeed(this.platform, revision);
    this.platform.on("a2a", (seen) => {
      const { message } = seen.body.params;
      const id = message.metadata.molecule_reply.activity_id;
      return this.#reply({
        id,
        lane: targetOf(seen),
        messageId: message.messageId,
        text: textOf(seen),
      });
    });
    this.platform.on("notify", ({ body }) => {
      // A notice names no message; the texts of the backend do.
      const id = /row ([0-9a-f-]{36})/.exec(body.message)?.[1] ?? this.#lastRun("");
      return this.#reply({ id, lane: "", messageId: "", text: body.message });
    });
  }

  /** A message is sent `afterMs` after the last row; a late one is seen only some steps later. */
  send(story: Story, afterMs: number, late: boolean): void {
    const { lane, messageId, outcome, delivery } = story;
    const text = `${outcome}, ${delivery}`;
    const change = { source_id: lane === "" ? null : lane, ...saying({ messageId }, text) };
    const sent = row(++this.#rows, { ...change, created_at: this.#tick(afterMs) });
    this.messages.push({ story, row: sent, place: this.#rows, late });
    const commit = this.feed.begin(sent);
    if (late) this.#late.push({ commit, ops: 2 });
    else commit();
  }

  /** A row that asks for nothing. */
  noise(afterMs: number): void {
    const created_at = this.#tick(afterMs);
    this.feed.add(row(++this.#rows, { created_at, status: "error" }));
  }

  /** One step of the story is over: what is late comes nearer. */
  step(all = false): void {
    for (const late of this.#late) late.ops -= all ? late.ops : 1;
    while (this.#late[0] !== undefined && this.#late[0].ops <= 0) this.#late.shift()?.commit();
  }

  /** The platform keeps nothing of what it has shown so far. */
  prune(): void {
    this.feed.forget(...this.feed.rows.map(({ id }) => id));
  }

  /** The saved cursor may not be past a message that is not settled; one that is late may come behind it. */
  checkCursor({ lastSinceId }: Cursor): void {
    if (lastSinceId === undefined) return;
    const place = Number(lastSinceId.slice(-12));
    for (const message of this.messages) {
      if (message.late || message.place > place) continue;
      const runner = this.#runnerOf(message);
      const settled = runner !== undefined && (runner !== message || this.#isSettled(message));
      if (!settled) {
        throw new Error(
          `the cursor was saved at row ${place}, but row ${message.place} is not settled`,
        );
      }
    }
  }

  /** What must hold once everything is settled. `letters` are the dead letters' ids. */
  checkEnd(letters: string[]): void {
    const runners = this.messages.filter((message) => this.#runnerOf(message) === message);
    const groups = new Set(this.messages.map(keyOf));
    // Each is run, and of those that are the same only one.
    expect(runners.map(keyOf).toSorted()).toEqual([...groups].toSorted());
    const ran = runners.map(({ row }) => row.id);
    expect([...new Set(this.#runs)].toSorted()).toEqual(ran.toSorted());
    for (const message of runners) this.#checkOne(message);
    const dead = runners.filter(isGivenUp).map(({ row }) => row.id);
    expect(letters.toSorted()).toEqual(dead.toSorted());
    for (const lane of new Set(runners.map(({ story }) => story.lane))) {
      const ofLane = runners.filter(({ story, late }) => story.lane === lane && !late);
      const inOrder = ofLane.map(({ row }) => row.id);
      const first = [...new Set(this.#runs)].filter((id) => inOrder.includes(id));
      expect(first).toEqual(inOrder);
      const answered = [...new Set(this.taken.map(({ id }) => id))].filter((id) =>
        inOrder.includes(id),
      );
      expect(answered).toEqual(inOrder.filter((id) => answered.includes(id)));
    }
  }

  get runs(): number {
    return this.#runs.length;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.platform[Symbol.asyncDispose]();
  }

  #checkOne({ row: { id }, story }: Message): void {
    expect(this.#runs.filter((run) => run === id)).toHaveLength(runsOf(story));
    const taken = this.taken.filter((reply) => reply.id === id);
    const answers = hasReply(story) && story.delivery !== "refused";
    // A reply may be taken more than once, under one id. A notice has none: it is taken once, unless
    // another of the same text, within seconds, makes it doubtful whose echo was seen.
    const distinct = new Set(taken.map(({ messageId }) => messageId));
    expect(distinct.size).toBe(answers ? 1 : 0);
    const isUnique = story.lane === "" && story.outcome !== "declined";
    const most = story.delivery === "lost" && !isUnique ? 2 : 1;
    expect(taken.length).toBeLessThanOrEqual(most);
    for (const { lane, text } of taken) {
      expect(lane).toBe(story.lane);
      if (story.outcome === "answer") expect(text).toBe(`row ${id}`);
    }
  }

  #run(text: string, id: string): Outcome {
    this.#runs.push(id);
    const [outcome = ""] = text.split(", ");
    const times = this.#runs.filter((run) => run === id).length;
    const again = Number(/^again (\d)/.exec(outcome)?.[1] ?? 0);
    if (times <= again) return { kind: "again", reason: "not now", told: `not now, row ${id}` };
    if (outcome === "failed") return { kind: "failed", reason: "no", told: `no, row ${id}` };
    if (outcome === "declined") return { kind: "declined", reason: "nothing to say" };
    return { kind: "answer", text: `row ${id}` };
  }

  #reply(reply: World["taken"][number]): Response | undefined {
    const { id, lane } = reply;
    const delivery = this.messages.find(({ row }) => row.id === id)?.story.delivery;
    const times = (this.#tries.get(id) ?? 0) + 1;
    this.#tries.set(id, times);
    const busy = () => Response.json({ error: "later" }, { status: 503 });
    if (delivery === "refused") {
      this.refused.add(id);
      return Response.json({ error: "no" }, { status: 403 });
    }
    const first = times === 1;
    if (delivery === "busy" && first) return busy();
    this.taken.push(reply);
    if (lane === "") this.#echo(reply.text);
    return delivery === "lost" && first ? busy() : undefined;
  }

  /** What we told the canvas comes back in our own feed. */
  #echo(text: string): void {
    const { request_body: _, ...echo } = row(++this.#rows, {
      method: "notify",
      source_id: null,
      created_at: this.#tick(1),
    });
    this.feed.add({ ...echo, response_body: { result: text } });
  }

  #isSettled({ row: { id }, story }: Message): boolean {
    if (this.taken.some((reply) => reply.id === id) || this.refused.has(id)) return true;
    return !hasReply(story) && this.#runs.includes(id);
  }

  /** The one of those that say the same under the same id that was run. */
  #runnerOf(message: Message): Message | undefined {
    const key = keyOf(message);
    return this.messages.find((one) => keyOf(one) === key && this.#runs.includes(one.row.id));
  }

  #lastRun(lane: string): string {
    const ofLane = (id: string) =>
      this.messages.find(({ row }) => row.id === id)?.story.lane === lane;
    return this.#runs.findLast(ofLane) ?? "";
  }

  #tick(afterMs: number): string {
    this.#ns += BigInt(afterMs) * 1_000_000n;
    return formatTimestamp(this.#ns);
  }
}

function keyOf({ story }: Message): string {
  return digestOf(JSON.stringify([WORKSPACE, ...Object.values(story)]));
}

function hasReply({ outcome, lane }: Story): boolean {
  // The canvas shows that we are at work until it hears from us.
  return outcome !== "declined" || lane === "";
}

function runsOf({ outcome }: Story): number {
  const again = Number(/^again (\d)/.exec(outcome)?.[1] ?? 0);
  return Math.min(again + 1, MAX_ATTEMPTS);
}

function isGivenUp({ story }: Message): boolean {
  const failed = story.outcome === "failed" || story.outcome === `again 9`;
  return failed || (hasReply(story) && story.delivery === "refused");
}
