/** What a backend tells while it runs: no listener can disturb the run. */
import { expect, test } from "bun:test";
import type { Backend } from "../../../../src/backends/backend.ts";
import { harmless } from "../../../../src/bridge/runs/hooks.ts";
import { backendOf, changed } from "../../../harness/bridge.ts";
import { ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { canvas, notices, once } from "../support.ts";

function fail(): never {
  throw new Error("the listener's own affair");
}

test("what a listener throws goes nowhere", async () => {
  for (const onChild of [fail, async () => fail()]) {
    const hooks = harmless({ onChild, onTask: fail, onText: fail });
    await hooks.onChild(1, undefined);
    hooks.onTask("a task");
    hooks.onText("a text");
  }
});

test("listeners hear all that is told, and what they are asked to wait for is waited for", async () => {
  const told: unknown[] = [];
  const gate = Promise.withResolvers<void>();
  const hooks = harmless({
    onChild: async (pid, identity) => {
      told.push(pid, identity);
      await gate.promise;
      told.push("written");
    },
    onTask: (task) => void told.push(task),
    onText: (text) => void told.push(text),
  });
  const writing = hooks.onChild(7, "boot/1");
  hooks.onTask("a task");
  hooks.onText("a text");
  expect(told).toEqual([7, "boot/1", "a task", "a text"]);
  gate.resolve();
  await writing;
  expect(told.at(-1)).toBe("written");
});

test("the hooks that the bridge gives a backend neither throw nor reject", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [canvas(1)];
  const run: Backend["run"] = async (_, __, hooks) => {
    await hooks?.onChild(4711, undefined);
    // What no listener is made for: each of them throws at it.
    hooks?.onTask?.(Symbol("no text") as never);
    hooks?.onText?.(undefined as never);
    return { kind: "answer", text: "ok" };
  };
  const { bridge } = await once(platform, {
    backend: backendOf(undefined, { run }),
    options: { progress: "notify" },
    store: (store) => changed(store, { journal: changed(store.journal, { child: fail }) }),
  });
  await using _ = bridge;
  expect(notices(platform)).toEqual(["ok"]);
  expect(bridge.of("run-failed")).toEqual([]);
});
