import { describe, expect, test } from "bun:test";
import { LineQueue, MAX_BYTES, MAX_LINES } from "../../../src/cli/line-queue.ts";
import { systemClock } from "../../../src/shared/clock.ts";
import { ManualClock } from "../../harness/clock.ts";
import { rowsOf } from "../../harness/terminal.ts";

const fail = (code: string) => Object.assign(new Error(`it says ${code}`), { code });

/** A reader that takes what it is given only when it is told to. */
function held() {
  const written: string[] = [];
  let open: { size: number; resolve(count: number): void; reject(error: Error): void } | undefined;
  const queue = new LineQueue((bytes) => {
    if (open !== undefined) throw new Error("two writes at once");
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    open = {
      size: bytes.length,
      reject,
      resolve(count) {
        written.push(new TextDecoder().decode(bytes.subarray(0, count)));
        resolve(count);
      },
    };
    return promise;
  }, new ManualClock());
  const next = async (end: (write: NonNullable<typeof open>) => void) => {
    const write = open;
    if (write === undefined) throw new Error("nothing is being written");
    open = undefined;
    end(write);
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  const take = () => next((write) => write.resolve(write.size));
  return {
    queue,
    written,
    take,
    refuse: (code: string) => next((write) => write.reject(fail(code))),
    async takeAll() {
      while (open !== undefined) await take();
      return written.join("").split("\n").slice(0, -1);
    },
  };
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i}`);

describe("lines", () => {
  test("are out before add returns, where no write waits", () => {
    const written: string[] = [];
    const queue = new LineQueue((bytes) => {
      written.push(new TextDecoder().decode(bytes));
      return bytes.length;
    }, systemClock);
    queue.add("one");
    queue.add("zwei ü");
    expect(written).toEqual(["one\n", "zwei ü\n"]);
  });

  test("keep their order while they wait, and go out together, but never in part", async () => {
    const { queue, takeAll, written } = held();
    for (const line of numbered(0, 900)) queue.add(line);
    expect(await takeAll()).toEqual(numbered(0, 900));
    expect(written.length).toBeLessThan(10);
    for (const batch of written) {
      expect(batch).toEndWith("\n");
      expect(batch.length).toBeLessThanOrEqual(4096);
    }
  });

  test("are written on from where a write stopped", async () => {
    const written: string[] = [];
    const queue = new LineQueue((bytes) => {
      const count = Math.min(3, bytes.length);
      written.push(new TextDecoder().decode(bytes.subarray(0, count)));
      return count;
    }, systemClock);
    queue.add("abcdefgh");
    queue.add("next");
    await queue.flush(20_000);
    expect(written.join("")).toBe("abcdefgh\nnext\n");
  });

  test("wait with growing pauses while there is no room", async () => {
    const clock = new ManualClock();
    let tries = 0;
    let room = false;
    const queue = new LineQueue((bytes) => {
      tries++;
      if (!room) throw fail("EAGAIN");
      return bytes.length;
    }, clock);
    queue.add("a");
    for (const ms of [5, 10, 20, 40, 80, 100, 100]) {
      expect(await clock.untilSleeping()).toBe(ms);
      await clock.advance(ms);
    }
    room = true;
    await clock.untilSleeping();
    await clock.advance(100);
    await queue.flush(1);
    expect(tries).toBe(9);
  });
});

describe("a text behind the lines", () => {
  /** A terminal that takes all at once. */
  function open() {
    const written: string[] = [];
    const queue = new LineQueue((bytes) => {
      written.push(new TextDecoder().decode(bytes));
      return bytes.length;
    }, systemClock);
    return { queue, written, rows: () => rowsOf(written.join("")) };
  }

  test("stays there while lines come, and goes without a trace", () => {
    const { queue, rows } = open();
    queue.show("working");
    expect(rows()).toEqual(["working"]);
    queue.add("one");
    queue.show("still working");
    queue.add("two");
    expect(rows()).toEqual(["one", "two", "still working"]);
    queue.show("");
    expect(rows()).toEqual(["one", "two", ""]);
  });

  test("is written once, however often it is shown", () => {
    const { queue, written } = open();
    queue.show("working");
    queue.show("working");
    queue.show("");
    queue.show("");
    expect(written).toHaveLength(2);
  });

  test("is left where it is when the terminal has gone on", () => {
    const { queue, written } = open();
    queue.show("sure? ");
    queue.leave();
    queue.add("one");
    expect(written).toEqual(["sure? ", "one\n"]);
  });

  test("gives way to what is written by another way", async () => {
    const { queue, written } = open();
    queue.show("working");
    await queue.hiding(async () => void written.push("data\n"));
    expect(rowsOf(written.join(""))).toEqual(["data", "working"]);
    await queue.hiding(() => Promise.reject(new Error("full"))).catch(() => {});
    expect(rowsOf(written.join(""))).toEqual(["data", "working"]);
  });

  test("is gone before anything is written by another way, where writes take their time", async () => {
    const { queue, written, take } = held();
    const later = async () => {
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    };
    const hide = () => queue.hiding(async () => void written.push("data\n"));
    queue.show("working");
    await take();
    const first = hide();
    await later();
    expect(written).toEqual(["working"]);
    await take();
    await first;
    await take();
    expect(rowsOf(written.join(""))).toEqual(["data", "working"]);
    // And also where its end was asked for just before.
    queue.show("");
    const second = hide();
    await later();
    expect(written.filter((text) => text === "data\n")).toHaveLength(1);
    await take();
    await second;
    expect(rowsOf(written.join(""))).toEqual(["data", "data", ""]);
  });

  test("that can't be taken away holds up nothing for ever", async () => {
    const clock = new ManualClock();
    const queue = new LineQueue(() => new Promise(() => {}), clock);
    queue.show("working");
    const data = queue.hiding(async () => "written");
    await clock.untilSleeping();
    await clock.advance(1_000);
    expect(await data).toBe("written");
  });

  test("waits for the reader as lines do, and then is the newest", async () => {
    const { queue, written, takeAll } = held();
    queue.add("one");
    for (let i = 0; i < 100; i++) queue.show(`turn ${i}`);
    queue.add("two");
    await takeAll();
    expect(rowsOf(written.join(""))).toEqual(["one", "two", "turn 99"]);
    expect(written.join("")).not.toContain("turn 98");
  });

  test("that can't be written drops no line, and is no gap", async () => {
    const { queue, refuse, takeAll } = held();
    queue.show("working");
    await refuse("EPIPE");
    queue.show("");
    queue.add("one");
    expect((await takeAll()).map((line) => line.replace("\r\x1b[K", ""))).toEqual(["one"]);
  });
});

describe("when nobody reads", () => {
  test("a thousand lines wait; the rest is dropped and told in one line in its place", async () => {
    const { queue, take, takeAll } = held();
    queue.add("first");
    for (const line of numbered(0, MAX_LINES + 123)) queue.add(line);
    await take();
    queue.add("not yet: there is too little room");
    expect(await takeAll()).toEqual([
      "first",
      ...numbered(0, MAX_LINES),
      "... 124 lines of the log were dropped: nobody reads standard error",
    ]);
    queue.add("after");
    expect((await takeAll()).at(-1)).toBe("after");
  });

  test("a megabyte waits, however few lines it has, and one line of any length", async () => {
    const { queue, takeAll } = held();
    const huge = "x".repeat(MAX_BYTES + 1);
    queue.add(huge);
    const large = "y".repeat(MAX_BYTES / 4);
    for (let i = 0; i < 10; i++) queue.add(large);
    const told = await takeAll();
    expect(told.slice(0, 4)).toEqual([huge, large, large, large]);
    expect(told.slice(4)).toEqual([
      "... 7 lines of the log were dropped: nobody reads standard error",
    ]);
  });

  test("lines flow again when half of them are out, after the gap", async () => {
    const { queue, take, takeAll } = held();
    queue.add("first");
    for (const line of numbered(0, MAX_LINES + 1)) queue.add(line);
    for (let i = 0; i < 3; i++) await take();
    queue.add("later");
    const told = await takeAll();
    expect(told.slice(-2)).toEqual([
      "... 1 line of the log was dropped: nobody reads standard error",
      "later",
    ]);
  });

  test("a gap is told as its reader wants it", async () => {
    const { queue, takeAll } = held();
    queue.tellGap = (gap) => JSON.stringify(gap);
    for (const line of numbered(0, MAX_LINES + 3)) queue.add(line);
    expect((await takeAll()).at(-1)).toBe('{"lines":2,"reason":"nobody reads standard error"}');
  });

  test("a flush gives up when its time is over", async () => {
    const clock = new ManualClock();
    const queue = new LineQueue(() => new Promise(() => {}), clock);
    await queue.flush(500);
    queue.add("a");
    const flushed = queue.flush(500);
    expect(await clock.untilSleeping()).toBe(500);
    await clock.advance(500);
    await flushed;
  });
});

describe("what can't be written", () => {
  test("is told before the next line that can", async () => {
    const { queue, refuse, takeAll } = held();
    queue.add("a");
    queue.add("b");
    queue.add("c");
    await refuse("ENOSPC");
    await refuse("ENOSPC");
    expect(await takeAll()).toEqual([]);
    queue.add("d");
    await refuse("EPIPE");
    queue.add("e");
    expect(await takeAll()).toEqual([
      "... 4 lines of the log were dropped: nobody reads standard error",
      "e",
    ]);
  });

  test("has the system's word for its reason", async () => {
    const { queue, refuse, takeAll } = held();
    queue.add("a");
    await refuse("ENOSPC");
    queue.add("b");
    expect((await takeAll())[0]).toBe(
      "... 1 line of the log was dropped: standard error can't be written (ENOSPC)",
    );
  });
});
