/** Backends whose runs last until the test lets them go, or until their process dies. */
import type { Outcome } from "../../../src/backends/backend.ts";
import { backendOf, changed } from "../../harness/bridge.ts";
import type { ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { Bell } from "../../harness/wait.ts";
import { TestPush } from "./support.ts";

/** A backend whose runs wait until the test lets them go; `started` tells which have begun. */
export function held(outcome: (text: string) => Outcome = (text) => ({ kind: "answer", text })) {
  const bell = new Bell();
  const started: string[] = [];
  const waiting = new Map<string, () => void>();
  const backend = backendOf(async (request, signal) => {
    started.push(request.text);
    bell.ring();
    const { promise, resolve } = Promise.withResolvers<"go" | "stop">();
    waiting.set(request.text, () => resolve("go"));
    signal.addEventListener("abort", () => resolve("stop"), { once: true });
    return (await promise) === "stop" ? { kind: "stopped" } : outcome(request.text);
  });
  const until = (count: number) => bell.until(() => started.length >= count, `${count} runs`);
  return { backend, started, until, letGo: (text: string) => waiting.get(text)?.() };
}

/** Beats over a real socket can't keep up with a clock that takes large steps. */
export const calm = { heartbeatMs: 360_000_000 };

/** The text of an answer. */
export const answer = (body: any): string => body?.result?.parts?.[0]?.text;

/** Leaves the message running as a process does that dies in the middle of it. */
export async function leaveRunning(
  platform: ScriptedPlatform,
  stateDir: string,
  message: object,
  onRun: (activityId: string) => void,
): Promise<void> {
  const begun = Promise.withResolvers<void>();
  let dead = false;
  const backend = {
    ...backendOf(),
    run: async (request: any, signal: AbortSignal, hooks: any) => {
      onRun(request.activityId);
      await hooks.onChild(4711, "boot/123");
      begun.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
      return { kind: "stopped" } as const;
    },
  };
  await using bridge = await TestPush.start(platform, {
    backend,
    stateDir,
    options: { graceMs: 0 },
    // A dead process writes nothing.
    store: (store) =>
      changed(store, {
        memory: changed(store.memory, {
          remember: async (key, value) => {
            if (!dead) await store.memory.remember(key, value);
          },
        }),
      }),
  });
  const doomed = bridge.post(message).catch(() => {});
  await begun.promise;
  dead = true;
  await bridge.stop();
  await doomed;
}
