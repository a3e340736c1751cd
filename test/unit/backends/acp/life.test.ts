import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../../src/shared/clock.ts";
import { steps } from "../../../harness/acp-agent.ts";
import { AcpLab, hurried } from "../../../harness/acp-agent-lab.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { isAlive, marked, untilGone, untilSeen } from "../../../harness/processes.ts";
import { killAllGroups } from "../../../../src/backends/process/group.ts";
import { onLinux, onPosix } from "../../../harness/platform.ts";

const signalled = onPosix("Windows has no signals").test;
const linux = onLinux("/proc shows what is left of an agent").test;

const LIMIT = 60_000;

/** A program that stays. */
const SLEEP = [process.execPath, "-e", "await Bun.sleep(1_000_000)"];

/** A program that says when it is in a session of its own. */
const APART = ["setsid", "sh", "-c", "echo apart >&2; exec sleep 1000"];

describe("a process that ends", () => {
  signalled(
    "in the middle of a prompt fails it, and the next message has another",
    async () => {
      await using lab = new AcpLab({ offers: "resume" });
      const outcome = await lab.run(steps({ stderr: "out of memory" }, { killself: true }));
      expect(outcome).toEqual({
        kind: "failed",
        reason:
          "the agent ended in the middle of its work: it was ended by SIGKILL from outside; see what it wrote to stderr: out of memory",
        told: "the agent's program ended in the middle of its work",
      });
      expect(await lab.ask("next")).toBe("echo: next");
      expect(new Set(lab.pids).size).toBe(2);
    },
    LIMIT,
  );

  test(
    "between messages is started again for the next",
    async () => {
      await using lab = new AcpLab();
      await lab.ask("one");
      process.kill(lab.pids[0] ?? 0, "SIGKILL");
      await untilGone(lab.mark);
      // Whether its end was noticed by then or not: a message is tried again, or answered.
      for (let outcome = await lab.run("two"); ; outcome = await lab.run("two")) {
        if (outcome.kind === "answer") break;
        expect(outcome.kind).toMatch(/^(again|failed)$/);
      }
      expect(new Set(lab.pids).size).toBe(2);
    },
    LIMIT,
  );

  linux(
    "takes with it what it had started",
    async () => {
      await using lab = new AcpLab();
      const text = steps({ spawn: SLEEP }, { spawn: SLEEP }, { die: 1 });
      expect(await lab.run(text)).toMatchObject({ kind: "failed" });
      await untilGone(lab.mark);
    },
    LIMIT,
  );

  linux(
    "takes with it what it had started in a session of its own",
    async () => {
      await using lab = new AcpLab();
      const text = steps({ spawn: APART }, { stderr: "spawned" }, { hang: true });
      const running = lab.run(text);
      await lab.parts.untilLine("apart");
      process.kill(lab.pids[0] ?? 0, "SIGKILL");
      expect(await running).toMatchObject({ kind: "failed" });
      expect(marked(lab.mark)).toEqual([]);
    },
    LIMIT,
  );

  test(
    "at each start is started again later and later, and says why it could not be",
    async () => {
      const clock = new ManualClock();
      await using lab = new AcpLab({ raw: "exit", clock });
      const waits: number[] = [];
      for (let n = 0; n < 5; n++) {
        let over = false;
        const running = lab.run().finally(() => (over = true));
        if (n > 0) {
          waits.push(await clock.untilSleeping((ms) => ms < 30_001 && RESTARTS.includes(ms)));
        }
        await clock.advanceUntil(() => over, 500);
        expect(await running).toMatchObject({
          kind: "again",
          reason:
            "the agent ended when it had just been started: it exited with status 3; see what it wrote to stderr: no such flag: --acp",
          told: "the agent could not be started",
          overloaded: true,
        });
      }
      // Half of what full jitter allows.
      expect(waits).toEqual([500, 1_000, 2_000, 4_000]);
    },
    LIMIT,
  );
});

/** The waits between starts with the jitter of the tests. */
const RESTARTS = [500, 1_000, 2_000, 4_000];

describe("a run that is to stop", () => {
  test(
    "is cancelled, and the agent lives on",
    async () => {
      await using lab = new AcpLab();
      const stop = new AbortController();
      const running = lab.run(steps({ say: "half of it" }, { wait: true }), stop.signal);
      await lab.parts.untilLine("waiting");
      stop.abort();
      expect(await running).toEqual({ kind: "stopped" });
      expect(await lab.ask("next")).toBe("echo: next");
      expect(new Set(lab.pids).size).toBe(1);
    },
    LIMIT,
  );

  test(
    "kills an agent that does not obey, with what it has started",
    async () => {
      await using lab = new AcpLab({ clock: hurried(20) });
      const stop = new AbortController();
      const text = steps({ spawn: SLEEP }, { hang: true });
      const running = lab.run(text, stop.signal);
      await lab.parts.untilLine("waiting");
      await untilSeen(lab.mark, 2);
      stop.abort();
      expect(await running).toEqual({ kind: "stopped" });
      await untilGone(lab.mark);
      expect(await lab.ask("next")).toBe("echo: next");
    },
    LIMIT,
  );

  test(
    "before it has begun starts nothing",
    async () => {
      await using lab = new AcpLab();
      expect(await lab.run("x", AbortSignal.abort())).toEqual({ kind: "stopped" });
      expect(lab.pids).toEqual([]);
      expect(marked(lab.mark)).toEqual([]);
    },
    LIMIT,
  );

  test(
    "while the agent starts ends at once, and the start serves the next message",
    async () => {
      await using lab = new AcpLab({ raw: "silent" });
      const stop = new AbortController();
      const running = lab.run("x", stop.signal);
      await untilSeen(lab.mark, 1);
      stop.abort();
      expect(await running).toEqual({ kind: "stopped" });
      await lab.backend.close?.();
      await untilGone(lab.mark);
    },
    LIMIT,
  );

  test(
    "with all our children at once is stopped, whatever became of the agent",
    async () => {
      await using lab = new AcpLab({ clock: hurried(20) });
      const running = lab.run(steps({ hang: true }));
      await lab.parts.untilLine("waiting");
      killAllGroups();
      expect(await running).toEqual({ kind: "stopped" });
    },
    LIMIT,
  );
});

linux(
  "what the agent has started in a session of its own ends with all our children at once",
  async () => {
    await using lab = new AcpLab();
    await lab.ask(steps({ spawn: APART }, { say: "x" }));
    await lab.parts.untilLine("apart");
    killAllGroups();
    // Nothing else of ours comes to run meanwhile: this is for the moment before we end.
    for (let n = 0; n < 2_000 && marked(lab.mark).length > 0; n++) Bun.sleepSync(5);
    expect(marked(lab.mark)).toEqual([]);
  },
  LIMIT,
);

describe("a prompt that lasts too long", () => {
  test(
    "is cancelled and has failed",
    async () => {
      await using lab = new AcpLab({ options: ["timeout=200ms"] });
      expect(await lab.run(steps({ say: "half" }, { wait: true }))).toEqual({
        kind: "failed",
        reason:
          "the agent was still at work after 200 ms and was told to stop; --backend-opt timeout=… gives it longer",
        told: "the agent did not finish within 200 ms",
      });
      expect(lab.pids.map(isAlive)).toEqual([true]);
    },
    LIMIT,
  );
});

test(
  "an agent that is killed since it does not obey fails its other prompts",
  async () => {
    await using lab = new AcpLab({ clock: hurried(20) });
    const stop = new AbortController();
    const hanging = lab.run(steps({ hang: true }), stop.signal);
    await lab.parts.untilLine("waiting");
    const text = steps({ stderr: "the other" }, { wait: true });
    const other = lab.run({ text, contextId: "ctx-2", activityId: "act-2" });
    await lab.parts.untilLine("the other");
    stop.abort();
    expect(await hanging).toEqual({ kind: "stopped" });
    expect(await other).toMatchObject({
      kind: "failed",
      reason: expect.stringContaining("it did not end a prompt when it was told to"),
    });
  },
  LIMIT,
);

describe("close", () => {
  linux(
    "ends the agent and all that it has started, and nothing is run afterwards",
    async () => {
      await using lab = new AcpLab({ clock: hurried(20) });
      await lab.ask(steps({ spawn: SLEEP }, { say: "x" }));
      await untilSeen(lab.mark, 2);
      await lab.backend.close?.();
      await untilGone(lab.mark);
      expect(await lab.run()).toEqual({ kind: "stopped" });
      expect(marked(lab.mark)).toEqual([]);
    },
    LIMIT,
  );

  linux(
    "ends what the agent has started in a session of its own",
    async () => {
      await using lab = new AcpLab();
      await lab.ask(steps({ spawn: APART }, { say: "x" }));
      await lab.parts.untilLine("apart");
      await lab.backend.close?.();
      // Before it is done, and not some time later.
      expect(marked(lab.mark)).toEqual([]);
    },
    LIMIT,
  );

  test(
    "stops what still runs",
    async () => {
      await using lab = new AcpLab({ clock: hurried(20) });
      const running = lab.run(steps({ hang: true }));
      await lab.parts.untilLine("waiting");
      await lab.backend.close?.();
      expect(await running).toEqual({ kind: "stopped" });
      await untilGone(lab.mark);
    },
    LIMIT,
  );
});

test(
  "an agent that a dead bridge has left is ended before another is started",
  async () => {
    await using lab = new AcpLab();
    await lab.ask("one");
    const left = lab.pids[0];
    // The next bridge has what this one kept, and this one is not there to close its agent.
    await using next = new AcpLab({ after: lab });
    await next.ask("two");
    expect(next.pids[0]).not.toBe(left);
    await untilGone(lab.mark);
  },
  LIMIT,
);

test(
  "a line on stderr belongs to the message that the agent works for",
  async () => {
    await using lab = new AcpLab();
    await lab.ask({ text: steps({ stderr: "a line" }, { say: "x" }), activityId: "act-7" });
    await lab.parts.untilLine("a line");
    expect(lab.parts.activities[lab.parts.lines.indexOf("a line")]).toBe("act-7");
  },
  LIMIT,
);

test(
  "which process runs is kept as long as it does, though what is not kept anew is forgotten",
  async () => {
    let day = 0;
    const clock = { ...systemClock, now: () => day * 86_400_000 };
    await using lab = new AcpLab({ clock });
    await lab.ask("one");
    const kept = lab.parts.memory.kept.get("process");
    lab.parts.memory.kept.delete("process");
    day++;
    await lab.ask("two");
    expect(lab.parts.memory.kept.get("process")).toBe(kept as string);
    expect(JSON.parse(kept ?? "")).toMatchObject({ pid: lab.pids[0] });
  },
  LIMIT,
);
