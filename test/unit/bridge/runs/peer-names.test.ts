/** What peers are called. */
import { describe, expect, test } from "bun:test";
import { PeerNames } from "../../../../src/bridge/runs/peer-names.ts";
import { PlatformError } from "../../../../src/platform/platform.ts";
import { backendOf, changed } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { PEER, row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { canvas, once, other, OTHER } from "../support.ts";

const NEVER = new AbortController().signal;
const MINUTE_MS = 60_000;
const offline = new PlatformError("no connection", { verdict: "transient" });

function namesOf(answer: (id: string) => Promise<string | undefined> = async () => "ada") {
  const clock = new ManualClock();
  const asked: string[] = [];
  const state = { answer, spare: true };
  const names = new PeerNames({
    clock,
    pace: { spare: () => state.spare },
    platform: {
      peerName: (id) => {
        asked.push(id);
        return state.answer(id);
      },
    },
  });
  return { clock, asked, names, state };
}

describe("a peer's name", () => {
  test("is asked for once in ten minutes", async () => {
    const { clock, asked, names } = namesOf();
    expect([await names.of(PEER, NEVER), await names.of(PEER, NEVER)]).toEqual(["ada", "ada"]);
    await clock.advance(10 * MINUTE_MS - 1);
    await names.of(PEER, NEVER);
    expect(asked.length).toBe(1);
    await clock.advance(1);
    await names.of(PEER, NEVER);
    expect(asked.length).toBe(2);
  });

  test("that there is not is asked for again after a minute", async () => {
    const { clock, asked, names } = namesOf(async () => undefined);
    for (let n = 0; n < 3; n++) expect(await names.of(PEER, NEVER)).toBeUndefined();
    expect(asked.length).toBe(1);
    await clock.advance(MINUTE_MS);
    await names.of(PEER, NEVER);
    expect(asked.length).toBe(2);
  });

  test("is waited for for three seconds, and then nobody's for a minute", async () => {
    const { clock, asked, names, state } = namesOf(() => new Promise(() => {}));
    const asking = names.of(PEER, NEVER);
    await clock.untilSleeping((ms) => ms === 3_000);
    await clock.advance(3_000);
    expect(await asking).toBeUndefined();
    state.answer = async () => "ada";
    expect(await names.of(OTHER, NEVER)).toBeUndefined();
    expect(asked).toEqual([PEER]);
    await clock.advance(MINUTE_MS);
    expect(await names.of(OTHER, NEVER)).toBe("ada");
  });

  test("that was known stays while the platform is away", async () => {
    const { clock, names, state } = namesOf();
    await names.of(PEER, NEVER);
    await clock.advance(10 * MINUTE_MS);
    state.answer = () => Promise.reject(offline);
    expect(await names.of(PEER, NEVER)).toBe("ada");
  });

  test("is not asked for where the rate limit has no room to spare, or we stop", async () => {
    const { asked, names, state } = namesOf();
    expect(await names.of(PEER, AbortSignal.abort())).toBeUndefined();
    state.spare = false;
    expect(await names.of(PEER, NEVER)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  test("is a stranger's text: one line, and short in the log", async () => {
    const { names } = namesOf(async () => `ada\n\u001b[31m${"x".repeat(500)}`);
    const name = await names.of(PEER, NEVER);
    expect(name).toMatch(/^ada \\u001b\[31mx+…$/);
    expect(name?.length).toBe(200);
    expect(names.known(PEER)?.length).toBe(40);
  });

  test("of blanks is none", async () => {
    const { names } = namesOf(async () => " \n ");
    expect(await names.of(PEER, NEVER)).toBeUndefined();
  });

  test("is forgotten where there are ten thousand later ones", async () => {
    const { asked, names } = namesOf();
    for (let n = 0; n <= 10_000; n++) await names.of(`peer-${n}`, NEVER);
    expect(names.known("peer-0")).toBeUndefined();
    expect(names.known("peer-1")).toBe("ada");
    expect(asked.length).toBe(10_001);
  });
});

describe("a bridge", () => {
  test("gives the backend and the log each peer's name, asked for once; the canvas has none", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), canvas(2), row(3), other(4)];
    const asked: string[] = [];
    const backend = backendOf();
    const { bridge } = await once(platform, {
      backend,
      platform: (client) =>
        changed(client, {
          peerName: async (id) => {
            asked.push(id);
            return id === PEER ? "ada" : undefined;
          },
        }),
    });
    await using _ = bridge;
    expect(asked.toSorted()).toEqual([PEER, OTHER]);
    const names = new Map(backend.requests.map(({ text, peerName }) => [text, peerName]));
    expect([1, 2, 3, 4].map((n) => names.get(`text ${n}`))).toEqual([
      "ada",
      undefined,
      "ada",
      undefined,
    ]);
    for (const type of ["taken", "answered"] as const) {
      const told = new Map(bridge.of(type).map((e) => [e.activityId, e.fromName]));
      expect([1, 2, 3, 4].map((n) => told.get(row(n).id))).toEqual([
        "ada",
        undefined,
        "ada",
        undefined,
      ]);
    }
  });

  test("answers although the platform has no names to give", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), other(2)];
    let asked = 0;
    const { bridge } = await once(platform, {
      platform: (client) =>
        changed(client, {
          peerName: () => {
            asked += 1;
            return Promise.reject(offline);
          },
        }),
    });
    await using _ = bridge;
    expect(bridge.of("answered").length).toBe(2);
    expect(asked).toBe(1);
  });
});
