import { afterEach, expect, setDefaultTimeout } from "bun:test";
import { realpathSync } from "node:fs";
import type { BackendMemory, BackendRequest } from "../../../../src/backends/backend.ts";
import { createClaude } from "../../../../src/backends/claude/create.ts";
import { claudeCode } from "../../../../src/backends/claude/declaration.ts";
import { conversationOf } from "../../../../src/backends/conversation.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { killAllGroups } from "../../../../src/backends/process/group.ts";
import { fakeClaude } from "../../../harness/fake-claude.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { never, request, script, TestParts } from "../support.ts";
import { onPosix } from "../../../harness/platform.ts";

const { test } = onPosix("the stand-in for claude is a script");

setDefaultTimeout(60_000);
// What a failed test has left running.
afterEach(killAllGroups);

const KEY = conversationOf(request());
const FORGOTTEN = "What was said earlier in this conversation could not be kept.";

/** A claude with sessions, and a bridge that remembers them. */
function lab() {
  const folder = tmpFolder();
  const cwd = realpathSync(folder.path);
  const claude = fakeClaude(cwd);
  const parts = new TestParts({ PATH: process.env.PATH });
  const create = (...given: string[]) => {
    const options = [`bin=${claude.program}`, `cwd=${cwd}`].filter(
      (one) => !given.some((own) => own.split("=")[0] === one.split("=")[0]),
    );
    return createClaude(parseOptions(claudeCode, [...options, ...given]), parts);
  };
  const backend = create();
  return {
    cwd,
    claude,
    parts,
    create,
    /** The text of the answer. */
    async say(text: string, over: Partial<BackendRequest> = {}, by = backend): Promise<string> {
      const outcome = await by.run(request({ text, ...over }), never);
      if (outcome.kind !== "answer") throw new Error(JSON.stringify(outcome));
      return outcome.text;
    },
    run: (over: Partial<BackendRequest> = {}, by = backend) => by.run(request(over), never),
    kept: () =>
      JSON.parse(parts.memory.kept.get(KEY) ?? "null") as {
        session: string;
        cwd: string;
        begun: boolean;
      },
    /** How each run was told which session to use. */
    turns: () =>
      claude
        .runs()
        .map(
          ({ args }) =>
            args.find((arg) => /^--(session-id|resume|no-session-persistence)/.test(arg)) ?? "",
        ),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

test("a conversation goes on where it was, and each has its own", async () => {
  using t = lab();
  expect(await t.say("one")).toBe("0 before; one");
  expect(await t.say("two")).toBe("1 before; two");
  expect(await t.say("three", { contextId: "ctx-2" })).toBe("0 before; three");
  expect(await t.say("four", { peerId: "peer-2" })).toBe("0 before; four");
  const { session, cwd } = t.kept();
  expect(cwd).toBe(t.cwd);
  expect(t.turns().slice(0, 2)).toEqual([`--session-id=${session}`, `--resume=${session}`]);
  expect(new Set(t.turns()).size).toBe(4);
});

test("another bridge on the same memory goes on with the same session", async () => {
  using t = lab();
  await t.say("one");
  expect(await t.say("two", {}, t.create())).toBe("1 before; two");
});

test("it is remembered before claude starts, and kept for another month with each message", async () => {
  using t = lab();
  const seen: unknown[] = [];
  const { remember } = t.parts.memory;
  const writes: string[] = [];
  t.parts.memory.remember = function (this: BackendMemory, key, value) {
    writes.push(String(value));
    return remember.call(t.parts.memory, key, value);
  };
  const backend = t.create();
  const onChild = () => void seen.push(t.kept());
  await backend.run(request(), never, { onChild });
  await backend.run(request(), never, { onChild });
  expect(seen).toEqual([
    { session: expect.any(String), cwd: t.cwd, begun: false },
    { session: expect.any(String), cwd: t.cwd, begun: true },
  ]);
  expect(writes).toHaveLength(3);
});

test("killed in its first turn: the id is taken, so it is resumed in the same run", async () => {
  using t = lab();
  t.claude.does("killed");
  expect((await t.run({ text: "one" })).kind).toBe("failed");
  t.claude.does("answer");
  expect(await t.say("again", { interrupted: true })).toBe("1 before; again");
  const { session } = t.kept();
  expect(t.turns().slice(1)).toEqual([`--session-id=${session}`, `--resume=${session}`]);
  expect(t.parts.notes).toEqual([]);
  expect(t.parts.lines).toEqual([]);
  expect(t.claude.runs().at(-1)?.stdin).toContain("You were already at work on this very message");
  expect(await t.say("next")).toBe("2 before; next");
});

test("killed before claude knew of it: begun again under the same id, and nothing was lost", async () => {
  using t = lab();
  const missing = t.create(`bin=${t.cwd}/gone`);
  expect((await t.run({}, missing)).kind).toBe("operator");
  const { session } = t.kept();
  expect(await t.say("one")).toBe("0 before; one");
  expect(t.turns()).toEqual([`--session-id=${session}`]);
  expect(t.claude.runs()[0]?.stdin).not.toContain(FORGOTTEN);
});

test("a session that claude does not find: anew under another id, and both sides are told", async () => {
  using t = lab();
  await t.say("one");
  const first = t.kept();
  t.claude.spoil(first.session, t.cwd);
  expect(await t.say("two", { activityId: "act-2" })).toBe("0 before; two");
  expect(t.kept().begun).toBe(true);
  expect(t.kept().session).not.toBe(first.session);
  expect(t.parts.notes).toEqual(["claude does not find the conversation any more: it begins anew"]);
  expect(t.claude.runs().at(-1)?.stdin).toContain(FORGOTTEN);
  expect(await t.say("three")).toBe("1 before; three");
  expect(t.claude.runs().at(-1)?.stdin).not.toContain(FORGOTTEN);
  expect(t.parts.lines).toEqual([]);
});

test("a first turn that was cut while its session was written: neither found nor free, so another id", async () => {
  using t = lab();
  t.claude.does("killed");
  await t.run();
  const { session } = t.kept();
  t.claude.spoil(session, t.cwd);
  t.claude.does("answer");
  expect(await t.say("again")).toBe("0 before; again");
  expect(t.kept().session).not.toBe(session);
  // Nothing had been said in it.
  expect(t.parts.notes).toEqual([]);
  expect(t.claude.runs().at(-1)?.stdin).not.toContain(FORGOTTEN);
});

test("another folder: claude would not find the session, so it is not asked to", async () => {
  using t = lab();
  using other = tmpFolder();
  await t.say("one");
  const moved = t.create(`cwd=${other.path}`);
  expect(await t.say("two", {}, moved)).toBe("0 before; two");
  expect(t.kept()).toMatchObject({ cwd: other.path, begun: true });
  expect(t.parts.notes).toEqual([
    `claude held the conversation in ${t.cwd} and now works in ${other.path}: it begins anew`,
  ]);
  expect(t.claude.runs().at(-1)?.stdin).toContain(FORGOTTEN);
  expect(t.turns()).toHaveLength(2);
});

test("nobody can tell the id of a session: it is another where nothing is remembered", async () => {
  using t = lab();
  await t.say("one");
  const { session } = t.kept();
  t.parts.memory.kept.clear();
  expect(await t.say("two")).toBe("0 before; two");
  expect(t.kept().session).not.toBe(session);
});

test.each([
  "",
  "no JSON",
  "[]",
  '{"v":2,"sessions":["x"]}',
  '{"session":"--dangerously-skip-permissions","cwd":"/"}',
  '{"session":"6f6d6f6c-6563-5c65-8a2a-636f6e6e6563"}',
])("what can't be read of the memory begins the conversation anew: %s", async (damaged) => {
  using t = lab();
  t.parts.memory.kept.set(KEY, damaged);
  expect(await t.say("one")).toBe("0 before; one");
  expect(t.kept().begun).toBe(true);
});

test("a conversation that became too long begins anew, once", async () => {
  using t = lab();
  t.claude.does("too-long");
  await t.say("one");
  const { session } = t.kept();
  expect(await t.say("two")).toBe("0 before; two");
  expect(t.kept().session).not.toBe(session);
  expect(t.parts.notes).toEqual([
    "the conversation has become too long for claude to go on with it: it begins anew",
  ]);
  expect(t.claude.runs().at(-1)?.stdin).toContain(FORGOTTEN);
});

test("a message that is too long by itself costs the conversation nothing", async () => {
  using t = lab();
  await t.say("one");
  const { session } = t.kept();
  t.claude.does("too-long-always");
  const outcome = await t.run({ text: "long" });
  expect(outcome).toMatchObject({
    kind: "failed",
    told: "the conversation is too long for the agent",
  });
  expect(t.turns()).toHaveLength(3);
  expect(t.kept()).toEqual({ session, cwd: t.cwd, begun: true });
  t.claude.does("answer");
  expect(await t.say("two")).toBe("2 before; two");
});

test("too long in the middle of its work is not begun anew: that would do it twice", async () => {
  using t = lab();
  await t.say("one");
  t.claude.does("too-long-after-work");
  expect((await t.run()).kind).toBe("failed");
  expect(t.turns()).toHaveLength(2);
});

test("session=none: nothing is written down, by claude or by us", async () => {
  using t = lab();
  const backend = t.create("session=none");
  expect(await t.say("one", {}, backend)).toBe("0 before; one");
  expect(await t.say("two", {}, backend)).toBe("0 before; two");
  expect(t.turns()).toEqual(["--no-session-persistence", "--no-session-persistence"]);
  expect(t.parts.memory.kept.size).toBe(0);
});

test("never two runs of one session at once; conversations run side by side", async () => {
  using t = lab();
  const backend = t.create();
  const live = new Map<string, number>();
  let together = 0;
  const one = async (contextId: string) => {
    const key = contextId;
    await backend.run(request({ contextId }), never, {
      onChild() {
        live.set(key, (live.get(key) ?? 0) + 1);
        expect(live.get(key)).toBe(1);
        together = Math.max(together, live.size);
      },
    });
    live.delete(key);
  };
  await Promise.all([one("a"), one("a"), one("b"), one("a")]);
  expect(together).toBe(2);
  expect(t.claude.runs()).toHaveLength(4);
});

test("a message that waits for its turn ends at once when it is to stop", async () => {
  using t = lab();
  const backend = t.create();
  t.claude.does("hang");
  const stops = [new AbortController(), new AbortController()] as const;
  const started = Promise.withResolvers<void>();
  const first = backend.run(request(), stops[0].signal, { onChild: () => started.resolve() });
  await started.promise;
  const second = backend.run(request({ activityId: "act-2" }), stops[1].signal);
  stops[1].abort();
  expect(await second).toEqual({ kind: "stopped" });
  stops[0].abort();
  expect(await first).toEqual({ kind: "stopped" });
});

test("a memory that can't be read or written: nothing is run, and it is tried again", async () => {
  for (const broken of ["recall", "remember"] as const) {
    using t = lab();
    t.parts.secrets.add("hunter22");
    const why = new Error("disk full,\nhunter22");
    Object.assign(t.parts.memory, { [broken]: () => Promise.reject(why) });
    expect(await t.run()).toMatchObject({
      kind: "again",
      reason: expect.stringContaining(": disk full, [secret]"),
      told: expect.not.stringContaining("disk"),
    });
    expect(t.claude.runs()).toEqual([]);
  }
});

test("a memory that fails after the run does not cost the answer", async () => {
  using t = lab();
  let writes = 0;
  t.parts.secrets.add("hunter22");
  t.parts.memory.remember = () =>
    ++writes === 1 ? Promise.resolve() : Promise.reject(new Error("disk full,\nhunter22"));
  expect(await t.say("one")).toBe("0 before; one");
  expect(t.parts.notes).toEqual([
    "the session of a conversation could not be kept: disk full, [secret]",
  ]);
});

test("words on stderr that only look like a refusal change nothing", async () => {
  using t = lab();
  await t.say("one");
  const { session } = t.kept();
  const other = "6f6d6f6c-6563-5c65-8a2a-636f6e6e6563";
  const liar = script(
    t.cwd,
    "liar",
    `echo "No conversation found with session ID: ${other}" >&2; exit 1`,
  );
  expect((await t.run({}, t.create(`bin=${liar}`))).kind).toBe("failed");
  expect(t.kept().session).toBe(session);
  expect(t.parts.lines).toHaveLength(1);
});

test("a refusal after the model has spoken is none: the work is not done twice", async () => {
  using t = lab();
  await t.say("one");
  const { session } = t.kept();
  const said = JSON.stringify({ type: "assistant", message: { model: "m", content: [] } });
  const liar = script(
    t.cwd,
    "liar",
    `echo x >>"${t.cwd}/ran"; echo '${said}'; echo "No conversation found with session ID: ${session}" >&2; exit 1`,
  );
  expect((await t.run({}, t.create(`bin=${liar}`))).kind).toBe("failed");
  expect(await Bun.file(`${t.cwd}/ran`).text()).toBe("x\n");
  expect(t.kept()).toMatchObject({ session, begun: true });
});
