import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { endLeftovers } from "../../../../src/backends/process/leftovers.ts";
import { processIdentity } from "../../../../src/backends/process/identity.ts";
import { byPs, type DeadRun } from "../../../../src/backends/process/table.ts";
import { systemClock } from "../../../../src/shared/clock.ts";
import { MoleculeError } from "../../../../src/shared/errors.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { marked, untilGone, untilRunning, untilSeen } from "../../../harness/processes.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { marker, script } from "../support.ts";
import { lookUntil } from "../../../harness/wait.ts";
import { LINUX, onLinux, onPosix } from "../../../harness/platform.ts";

setDefaultTimeout(60_000);

const linux = onLinux("/proc shows the runs of processes");
const posix = onPosix("its commands are for sh and ps");
const mark = marker();

afterEach(() => {
  for (const pid of marked(mark)) process.kill(pid, "SIGKILL");
});

/** Starts a command as a run of that activity, as a bridge does that is dead by now. */
function leave(activityId: string | undefined, cmd: string, argv0 = "sh") {
  const child = Bun.spawn(["sh", "-c", cmd, argv0], {
    env: {
      PATH: process.env.PATH ?? "",
      MARK: `${mark}-${activityId}`,
      ...(activityId === undefined ? {} : { MOLECULE_RUN_ID: activityId }),
    },
    stdio: ["ignore", "ignore", "ignore"],
    detached: true,
  });
  child.unref();
  const run: DeadRun = {
    activityId: activityId ?? "none",
    pid: child.pid,
    identity: processIdentity(child.pid),
  };
  return { child, run, untilStarted: (n: number) => untilSeen(`${mark}-${activityId}`, n) };
}

const unrecorded = (activityId: string): DeadRun => ({
  activityId,
  pid: undefined,
  identity: undefined,
});

linux.describe("what a dead bridge's run has left", () => {
  test("is ended with its grandchildren, and counted when it is gone", async () => {
    const id = crypto.randomUUID();
    const { run, untilStarted } = leave(id, "trap '' TERM; sleep 300 & (sleep 300; :) & sleep 300");
    await untilStarted(5);
    expect(await endLeftovers([run], systemClock)).toBe(5);
    expect(marked(mark)).toEqual([]);
  });

  test("is ended in other sessions too, and where it was never recorded", async () => {
    const id = crypto.randomUUID();
    leave(id, "setsid sleep 300 & setsid setsid sleep 300 & exec sleep 300");
    await untilRunning(`${mark}-${id}`, "sleep", 3);
    expect(await endLeftovers([unrecorded(id)], systemClock)).toBe(3);
    expect(marked(mark)).toEqual([]);
  });

  test("is ended in its group where it has another environment, also without its leader", async () => {
    const bare = "env -u MOLECULE_RUN_ID sleep 300";
    const led = leave(crypto.randomUUID(), `${bare} & exec ${bare}`);
    const orphaned = leave(crypto.randomUUID(), `${bare} & sleep 300 & exit 0`);
    await led.untilStarted(2);
    await orphaned.untilStarted(2);
    await orphaned.child.exited;
    expect(await endLeftovers([led.run, orphaned.run], systemClock)).toBe(4);
    expect(marked(mark)).toEqual([]);
  });

  test("is ended although it forks all the time", async () => {
    using folder = tmpFolder();
    // Each link starts the next one in a session of its own, and is gone.
    const link = '[ "$1" -gt 0 ] && setsid "$0" $(($1 - 1)) & exit 0';
    const chain = script(folder.path, "chain", link);
    const id = crypto.randomUUID();
    const { run, untilStarted } = leave(
      id,
      `${chain} 5000 & n=0; while [ $((n += 1)) -le 300 ]; do sleep 300 & done; wait`,
    );
    await untilStarted(50);
    expect(await endLeftovers([run], systemClock)).toBeGreaterThanOrEqual(50);
    expect(marked(mark)).toEqual([]);
  });

  test("is left alone when it is another run's", async () => {
    const other = leave(crypto.randomUUID(), "exec sleep 300");
    await other.untilStarted(1);
    expect(await endLeftovers([unrecorded(crypto.randomUUID())], systemClock)).toBe(0);
    expect(marked(mark)).toEqual([other.child.pid]);
  });
});

posix.test("a stranger under a recorded number is left alone", async () => {
  const { child, run } = leave(undefined, "exec sleep 300");
  for (const identity of ["another boot/12345", undefined]) {
    expect(await endLeftovers([{ ...run, identity }], systemClock)).toBe(0);
  }
  expect(child.exitCode ?? child.signalCode).toBeNull();
  expect(await endLeftovers([run], systemClock)).toBe(1);
  child.kill("SIGKILL");
});

linux.test(
  "an innocent with the id in its arguments or in another variable is left alone",
  async () => {
    const id = crypto.randomUUID();
    const innocent = Bun.spawn(["sh", "-c", "sleep 300; :", `MOLECULE_RUN_ID=${id}`, id], {
      env: {
        PATH: process.env.PATH ?? "",
        MARK: mark,
        NOT_MOLECULE_RUN_ID: id,
        OTHER: `MOLECULE_RUN_ID=${id}`,
        MOLECULE_RUN_ID: `${id}0`,
      },
    });
    await untilSeen(mark, 2);
    expect(await endLeftovers([unrecorded(id)], systemClock)).toBe(0);
    expect(marked(mark)).toHaveLength(2);
    innocent.kill("SIGKILL");
  },
);

posix.test("neither this process nor one that it descends from is ended", async () => {
  const group = Number(Bun.spawnSync(["ps", "-o", "pgid=", "-p", String(process.pid)]).stdout);
  const runs = [process.pid, process.ppid, 1, 0, -1].map((pid) => ({
    activityId: "none",
    pid,
    identity: processIdentity(Math.max(pid, 0)),
  }));
  // In a group of our own: whoever shares it with us is not to be hurt by this test.
  if (group === process.pid) expect(await endLeftovers(runs, systemClock)).toBe(0);
  expect(await endLeftovers(runs.slice(2), systemClock)).toBe(0);
});

linux.test("a bridge that is itself part of the run does not end itself", async () => {
  const id = crypto.randomUUID();
  const program = `
    import { endLeftovers } from "${import.meta.dir}/../../../../src/backends/process/leftovers.ts";
    import { systemClock } from "${import.meta.dir}/../../../../src/shared/clock.ts";
    const run = { activityId: "${id}", pid: process.ppid, identity: undefined };
    console.log(await endLeftovers([run], systemClock));
  `;
  const child = Bun.spawn(["sh", "-c", 'sleep 300 & "$0" -e "$1"; :', process.execPath, program], {
    env: { PATH: process.env.PATH ?? "", MOLECULE_RUN_ID: id, MARK: mark },
    stdin: "ignore",
    stderr: "inherit",
    detached: true,
  });
  expect(await new Response(child.stdout).text()).toBe("1\n");
  expect(await child.exited).toBe(0);
});

test("what can't be ended within ten seconds is named", async () => {
  const clock = new ManualClock();
  let looks = 0;
  // No such process: numbers end at 2^22.
  const find = () => (++looks > 0 ? [2 ** 22 + 1] : []);
  const ending = endLeftovers([unrecorded("a")], clock, find).then(
    () => undefined,
    (error: unknown) => error,
  );
  await clock.untilSleeping(() => true);
  await clock.advance(11_000);
  const error = await ending;
  expect(error).toBeInstanceOf(MoleculeError);
  expect((error as MoleculeError).message).toContain(String(2 ** 22 + 1));
  expect(looks).toBeGreaterThan(1);
});

test("one empty look is not enough: a process shows no environment while it becomes another", async () => {
  const looks = [[], [2 ** 22 + 1], [], []];
  expect(await endLeftovers([unrecorded("a")], systemClock, () => looks.shift() ?? [])).toBe(1);
  expect(looks).toEqual([]);
});

posix.test("without /proc the group is found if its leader is the recorded one", async () => {
  const id = crypto.randomUUID();
  const { child, run, untilStarted } = leave(id, "sleep 300 & setsid sleep 300 & exec sleep 300");
  if (LINUX) await untilStarted(3);
  const started = Bun.spawnSync(["ps", "-o", "lstart=", "-p", String(child.pid)], {
    env: { PATH: "/bin:/usr/bin", LC_ALL: "C", TZ: "UTC" },
  });
  const identity = started.stdout.toString().trim();
  const look = () => byPs([{ ...run, identity }]);
  // Until setsid has had its way, its process is in the group too.
  if (LINUX) await lookUntil(() => look().length === 2);
  const found = look();
  expect(found).toContain(child.pid);
  expect(byPs([{ ...run, identity: "Mon Jan  1 00:00:00 2001" }])).toEqual([]);
  expect(byPs([{ ...run, identity: undefined }])).toEqual([]);
  process.kill(-child.pid, "SIGKILL");
  if (LINUX) {
    for (const pid of marked(mark)) process.kill(pid, "SIGKILL");
    await untilGone(mark);
  }
});
