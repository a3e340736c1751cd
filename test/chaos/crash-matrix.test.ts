/** What becomes of one message when the bridge dies at each step of its way (design, P1 to P4). */
import { expect, setDefaultTimeout } from "bun:test";
import type { BridgeEvent } from "../../src/bridge/events.ts";
import { CARD } from "../unit/dev/lab.ts";
import { Agent } from "../unit/dev/push-agent.ts";
import { CrashLab } from "./crash-lab.ts";
import { LOCAL, POSTGRES } from "./keeping.ts";

setDefaultTimeout(240_000);

const N = 20;
const ANSWER = String(2 * N + 1);

interface Step {
  /** `work`: the backend has begun, and is cut. */
  at: BridgeEvent["type"] | "work";
  /** What each run of the backend was told: whether an earlier one was cut. */
  runs: boolean[];
  /** Rows of the answer at revision 1, which takes a repeated post for another message. */
  rowsAtR1: number;
  /** The cursor was saved before the death. */
  saved: boolean;
}

const STEPS: Step[] = [
  { at: "fetched", runs: [false], rowsAtR1: 1, saved: false },
  { at: "entered", runs: [false], rowsAtR1: 1, saved: false },
  // It had begun as far as anyone can know, so it is said to have been cut.
  { at: "taken", runs: [true], rowsAtR1: 1, saved: false },
  { at: "work", runs: [false, true], rowsAtR1: 1, saved: false },
  { at: "reply-kept", runs: [false], rowsAtR1: 1, saved: false },
  // Posted, but who was to know: again, under the same id.
  { at: "answered", runs: [false], rowsAtR1: 2, saved: false },
  { at: "cursor-saved", runs: [false], rowsAtR1: 1, saved: true },
];

// What is particular to a revision shows on the local store.
for (const [kind, revision] of [
  [LOCAL, "r1"],
  [LOCAL, "r2"],
  [POSTGRES, "r2"],
] as const) {
  const where = `${revision} with ${kind.name}`;
  for (const who of ["peer", "canvas"] as const) {
    for (const step of STEPS) {
      kind.test.concurrent(`${where}, a message of the ${who}, death at "${step.at}"`, async () => {
        await using lab = await CrashLab.start(revision, kind);
        const asker = lab.asker(who);
        await lab.ask(asker, N);
        if (step.at === "work") await lab.dieAtWork();
        else await lab.dieAt(step.at);
        // The echo of a notice may have come in meanwhile.
        expect(step.saved ? [0, 1] : [undefined]).toContain(await lab.cursor());
        await lab.settle();

        expect(lab.runs).toEqual(step.runs);
        const heard = asker.heard();
        const rows = revision === "r1" && who === "peer" ? step.rowsAtR1 : 1;
        expect(heard.map(({ text, excuse }) => [text, excuse])).toEqual(
          Array.from({ length: rows }, () => [ANSWER, false]),
        );
        expect(new Set(heard.map(({ messageId }) => messageId)).size).toBe(1);
        // The newest row: the message, or at the canvas the echo of our notice.
        expect(await lab.cursor()).toBe(who === "peer" ? 0 : 1);
      });
    }
  }

  // The word that it was handed over comes before that is on the disk; a cursor after it.
  for (const [at, posts] of [
    ["reply-handed-over", 2],
    ["cursor-saved", 1],
  ] as const) {
    kind.test.concurrent(
      `${where}, an answer that a push peer holds open, death at "${at}"`,
      async () => {
        await using lab = await CrashLab.start(revision, kind);
        const held = Promise.withResolvers<void>();
        using peer = new Agent(async () => {
          await held.promise;
          return Response.json({ jsonrpc: "2.0", id: "1", result: "thanks" });
        });
        await push(lab, peer.url);
        await lab.ask(lab.asker("peer"), N);
        await lab.dieAt(at);
        expect(peer.calls).toHaveLength(1);
        held.resolve();
        await lab.settle();

        expect(lab.runs).toEqual([false]);
        const sent = peer.calls.map(({ body }) => body.params.message);
        expect(sent.map(({ parts }) => parts[0].text)).toEqual(Array(posts).fill(ANSWER));
        expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(1);
        expect(await lab.cursor()).toBe(0);
      },
    );
  }
}

/** Has the peer's messages pushed to the address. */
async function push({ platform, peer }: CrashLab, url: string): Promise<void> {
  const response = await fetch(`${platform.url}/registry/register`, {
    method: "POST",
    headers: { authorization: `Bearer ${peer.token}` },
    body: JSON.stringify({ id: peer.id, agent_card: CARD, delivery_mode: "push", url }),
  });
  expect(response.status).toBe(200);
}
