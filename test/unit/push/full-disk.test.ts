/** A disk that is full before a run, or fills up in the middle of one. */
import { expect, test } from "bun:test";
import { MoleculeError } from "../../../src/shared/errors.ts";
import type { Store } from "../../../src/store/store.ts";
import { backendOf, changed } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { calm } from "./held.ts";
import { saying, TestPush, withSecret } from "./support.ts";

/** Every key of the memory fails while the disk is full. */
function disk() {
  const full = new MoleculeError("the disk is full", {
    cause: Object.assign(new Error("full"), { code: "SQLITE_FULL" }),
  });
  const state = { isFull: false };
  const written: Record<string, string | undefined> = {};
  const store = (opened: Store) =>
    changed(opened, {
      memory: changed(opened.memory, {
        remember: async (key, value) => {
          if (state.isFull) throw full;
          await opened.memory.remember(key, value);
          written[key] = value;
        },
      }),
    });
  return { state, store, written };
}

test("an answer goes out although its run filled the disk, and its repeat runs nothing", async () => {
  const clock = new ManualClock();
  await using platform = withSecret(new ScriptedPlatform());
  const { state, store } = disk();
  const backend = backendOf(
    ({ text }) => {
      state.isFull = true;
      return { kind: "answer", text: `echo: ${text}`, costUsd: 1 };
    },
    { reportsCost: true },
  );
  await using bridge = await TestPush.start(platform, { clock, store, backend, options: calm });
  const message = saying("hello", { messageId: "m" });
  const answered = bridge.post(message);
  await bridge.until("save-failed");
  const begun = clock.monotonic();
  await clock.advanceUntil(() => bridge.of("answered").length > 0, 500);
  expect(clock.monotonic() - begun).toBeLessThan(60_000);
  const { body } = await answered;
  expect(body.result.parts[0].text).toBe("echo: hello");
  expect((await bridge.post(message)).body).toEqual(body);
  state.isFull = false;
  await clock.advanceUntil(() => bridge.of("save-recovered").length > 0, 500);
  expect((await bridge.post(message)).body).toEqual(body);
  expect(backend.requests).toHaveLength(1);
});

test.each([0, 5])(
  "while the disk is full nothing is run, and who asks is told to come again (limit %d)",
  async (turnLimit) => {
    const clock = new ManualClock();
    await using platform = withSecret(new ScriptedPlatform());
    const { state, store, written } = disk();
    const backend = backendOf();
    await using bridge = await TestPush.start(platform, {
      ...{ clock, store, backend },
      options: { ...calm, turnLimit },
    });
    state.isFull = true;
    for (let n = 0; n < 3; n++) {
      let refused: Awaited<ReturnType<typeof bridge.post>> | undefined;
      void bridge.post(saying("hello")).then((answer) => (refused = answer));
      await clock.advanceUntil(() => refused !== undefined, 500);
      expect(refused).toMatchObject({ status: 503, body: { busy: true, retry_after: 30 } });
    }
    expect(backend.requests).toEqual([]);
    state.isFull = false;
    await clock.advanceUntil(() => bridge.of("save-recovered").length > 0, 500);
    // None is noted as one that runs: a later start would count a crash.
    expect(written["push/runs"]).toBeUndefined();
    // Each gave its slot back, and none took a turn.
    for (let n = 0; n < 5; n++) expect(await bridge.say("now")).toBe("echo: now");
  },
);
