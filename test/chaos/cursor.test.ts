import { expect, test } from "bun:test";
import { LocalStore } from "../../src/store/local.ts";
import { EMPTY_CURSOR } from "../../src/store/store.ts";
import { TestBridge } from "../harness/bridge.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";

test("a cursor that a crash left behind the journal is brought up to it, though nothing new comes", async () => {
  await using platform = new ScriptedPlatform();
  using folder = tmpFolder();
  platform.rows = [1, 2].map((n) => row(n));
  const [first, second] = platform.rows.map(({ id, created_at }) => ({
    id,
    at: created_at.replace("Z", "000000Z"),
  }));
  if (first === undefined || second === undefined) throw new Error("there are two");
  const store = new LocalStore(folder.path, WORKSPACE);
  await store.lock.take();
  await store.open();
  const passedOver = { message: undefined, notice: undefined };
  await store.journal.admit(
    [first, second].map((place) => ({ ...place, ...passedOver })),
    second,
  );
  await store.saveCursor({ ...EMPTY_CURSOR, lastSinceId: first.id, settled: first });
  await store.close();

  await using bridge = new TestBridge(platform.url, {
    stateDir: folder.path,
    options: { once: true },
  });
  expect(await bridge.ended).toBeUndefined();
  expect((await bridge.stateFile()).last_since_id).toBe(second.id);
});
