/** The child of a run: it is known to the journal before it is given anything to do. */
import { expect, test } from "bun:test";
import type { Backend } from "../../../src/backends/backend.ts";
import { backendOf, changed, TestBridge, type BridgeUnderTest } from "../../harness/bridge.ts";
import { row, ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { Bell } from "../../harness/wait.ts";

/** A backend that starts a child and waits for what the bridge makes of it. */
function childBackend(order: string[], told: (hook: unknown) => void = () => {}): Backend {
  return backendOf(undefined, {
    run: async (_, __, hooks) => {
      const hook = hooks?.onChild(4711, "boot-1/200");
      told(hook);
      await hook;
      order.push("input");
      return { kind: "answer", text: "ok" };
    },
  });
}

/** The store, of which this records the child of a run. */
const recording =
  (
    child: (id: string, pid: number, record: () => Promise<void>) => Promise<void>,
  ): NonNullable<BridgeUnderTest["store"]> =>
  (store) =>
    changed(store, {
      journal: changed(store.journal, {
        child: (id, run) => child(id, run.pid ?? 0, () => store.journal.child(id, run)),
      }),
    });

test("a child gets its input once the journal has it", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  const order: string[] = [];
  const bell = new Bell();
  const disk = Promise.withResolvers<void>();
  let hook: unknown;
  const backend = childBackend(order, (given) => (hook = given));
  await using bridge = new TestBridge(platform.url, {
    backend,
    store: recording(async (id, pid, record) => {
      order.push(`${id} ${pid}`);
      bell.ring();
      await disk.promise;
      await record();
      order.push("recorded");
    }),
  });
  await bell.until(() => order.length > 0, "the record");
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(hook).toBeInstanceOf(Promise);
  expect(order).toEqual([`${row(1).id} 4711`]);
  disk.resolve();
  await bridge.until("answered");
  expect(order.slice(1)).toEqual(["recorded", "input"]);
});

test("a child that can't be recorded is run nonetheless", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  const order: string[] = [];
  const store = recording(() => Promise.reject(new Error("the disk is full")));
  await using bridge = new TestBridge(platform.url, { backend: childBackend(order), store });
  await bridge.until("answered");
  expect(order).toEqual(["input"]);
});
