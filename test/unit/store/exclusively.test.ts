import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { exclusively } from "../../../src/store/exclusively.ts";
import { ManualClock } from "../../harness/clock.ts";
import { tmpFolder } from "../../harness/tmp.ts";

const lockIn = (folder: string) => join(folder, "sub", "lock");

/** Work under the lock that has begun, and goes on until `end` does. */
async function holdLock(folder: string, end: Promise<void>): Promise<{ done: Promise<void> }> {
  const begun = Promise.withResolvers<void>();
  const done = exclusively(lockIn(folder), () => {
    begun.resolve();
    return end;
  });
  await begun.promise;
  return { done };
}

describe("work under a lock", () => {
  test("waits for the end of another, also of one that fails", async () => {
    using home = tmpFolder();
    const clock = new ManualClock();
    const first = Promise.withResolvers<void>();
    const order: string[] = [];
    const work = first.promise.finally(() => order.push("first"));
    const { done: failing } = await holdLock(home.path, work);
    const second = exclusively(lockIn(home.path), async () => void order.push("second"), clock);
    await clock.untilSleeping();
    expect(order).toEqual([]);
    first.reject(new Error("full disk"));
    await expect(failing).rejects.toThrow("full disk");
    await clock.advance(100);
    await second;
    expect(order).toEqual(["first", "second"]);
  });

  test("waits for another process, and not for one that was killed", async () => {
    using home = tmpFolder();
    await exclusively(lockIn(home.path), async () => {});
    const path = lockIn(home.path);
    const source = `const { Database } = require("bun:sqlite");
      const db = new Database(${JSON.stringify(path)});
      db.run("BEGIN EXCLUSIVE"); console.log("held"); await Bun.stdin.text();`;
    await using holder = Bun.spawn([process.execPath, "-e", source], {
      stdin: "pipe",
      stdout: "pipe",
    });
    await holder.stdout.getReader().read();
    const clock = new ManualClock();
    const done = exclusively(lockIn(home.path), async () => "done", clock);
    await clock.untilSleeping();
    holder.kill("SIGKILL");
    await holder.exited;
    await clock.advance(100);
    expect(await done).toBe("done");
  });

  test("tells of another that does not end", async () => {
    using home = tmpFolder();
    const clock = new ManualClock();
    const end = Promise.withResolvers<void>();
    const { done: first } = await holdLock(home.path, end.promise);
    const second = exclusively(lockIn(home.path), async () => {}, clock).catch(
      (error: unknown) => error,
    );
    while (clock.monotonic() < 10_000) {
      await clock.untilSleeping();
      await clock.advance(20);
    }
    expect(String(await second)).toContain("another command holds");
    end.resolve();
    await first;
  });

  test("is made without a lock where there can be none", async () => {
    using home = tmpFolder();
    writeFileSync(join(home.path, "sub"), "a file in its way");
    expect(await exclusively(lockIn(home.path), async () => "done")).toBe("done");
  });
});
