import { describe, expect, test } from "bun:test";
import { steps } from "../../../harness/acp-agent.ts";
import { AcpLab, hurried } from "../../../harness/acp-agent-lab.ts";
import { tmpFolder } from "../../../harness/tmp.ts";

const LIMIT = 60_000;
const RECALL = steps({ recall: true });

/** What the agent was told before in this session, by its own account. */
const told = async (lab: AcpLab, over: object = {}) =>
  (JSON.parse(await lab.ask({ text: RECALL, ...over })) as string[]).map((text) =>
    text.slice(text.lastIndexOf("]\n\n") + 3),
  );

describe("a conversation", () => {
  test(
    "has one session: what was said is known, and to nobody else",
    async () => {
      await using lab = new AcpLab();
      await lab.ask("one");
      await lab.ask({ text: "of another", contextId: "ctx-2" });
      await lab.ask({ text: "of a stranger", peerId: "peer-2" });
      await lab.ask("two");
      expect(await told(lab)).toEqual(["one", "two"]);
      expect(await told(lab, { contextId: "ctx-2" })).toEqual(["of another"]);
      expect(lab.parts.memory.kept.size).toBe(4);
    },
    LIMIT,
  );

  test(
    "has none with session=none: each message starts afresh, and its session is closed",
    async () => {
      await using lab = new AcpLab({ options: ["session=none"], offers: "close" });
      await lab.ask("one");
      expect(await told(lab)).toEqual([]);
      await lab.ask(steps({ say: "x" }));
      expect(lab.parts.lines.filter((line) => line.startsWith("closed ")).length).toBeGreaterThan(
        0,
      );
      expect([...lab.parts.memory.kept.keys()]).toEqual(["process"]);
    },
    LIMIT,
  );

  test.each(["resume", "load", "resume,load"])(
    "outlives the agent's process where it offers %s",
    async (offers) => {
      const lab = new AcpLab({ offers });
      await lab.ask("one");
      await lab.backend.close?.();
      await using next = new AcpLab({ offers, after: lab });
      expect(await told(next)).toEqual(["one"]);
      expect(next.parts.notes).toEqual([]);
      await next.parts.untilLine(offers.startsWith("resume") ? "resumed" : "loaded");
      // Nothing of what is replayed is an answer.
      expect(await next.ask("two")).toBe("echo: two");
      await lab[Symbol.asyncDispose]();
    },
    LIMIT,
  );

  test(
    "starts anew, once and with words to both sides, where the agent keeps none",
    async () => {
      const lab = new AcpLab();
      await lab.ask("one");
      await lab.backend.close?.();
      await using next = new AcpLab({ after: lab });
      const shown = await next.ask(steps({ show: true }));
      expect(shown).toContain("What was said earlier in this conversation could not be kept.");
      expect(next.parts.notes).toHaveLength(1);
      expect(next.parts.notes[0]).toContain("the agent keeps none when it ends");
      expect(await next.ask(steps({ show: true }))).not.toMatch(
        /^\{.*could not be kept.*could not be kept/,
      );
      expect(next.parts.notes).toHaveLength(1);
      await lab[Symbol.asyncDispose]();
    },
    LIMIT,
  );

  test(
    "starts anew where the agent has lost it",
    async () => {
      const lab = new AcpLab({ offers: "resume" });
      await lab.ask("one");
      await lab.backend.close?.();
      using empty = tmpFolder();
      const env = { ACP_AGENT_STORE: empty.path };
      await using next = new AcpLab({ offers: "resume", after: lab, env });
      expect(await told(next)).toEqual([]);
      expect(next.parts.notes[0]).toContain("Resource not found");
      await lab[Symbol.asyncDispose]();
    },
    LIMIT,
  );

  test(
    "starts anew where the agent loses it while it runs",
    async () => {
      await using lab = new AcpLab();
      await lab.ask(steps({ lose: true }, { say: "x" }));
      expect(await told(lab)).toEqual([]);
      expect(lab.parts.notes[0]).toContain("Resource not found");
      expect(await told(lab)).toHaveLength(1);
    },
    LIMIT,
  );

  test(
    "starts anew once only: what is not found in a session that was just opened is something else",
    async () => {
      await using lab = new AcpLab();
      const text = steps({ fail: { code: -32002, message: "Session not found" } });
      expect(await lab.run(text)).toMatchObject({ kind: "failed" });
      expect(lab.parts.notes).toEqual([]);
      expect(await lab.run(text)).toMatchObject({ kind: "failed" });
      expect(lab.parts.notes).toHaveLength(1);
      expect(await lab.ask("two")).toBe("echo: two");
    },
    LIMIT,
  );

  test.each([
    ["names a file", [], "Resource not found: file:///in/x.txt"],
    ["comes when it has begun", [{ think: "let me see" }], "Resource not found"],
  ] as const)(
    "is kept over an error that %s, and the message is not sent again",
    async (_, before, message) => {
      await using lab = new AcpLab();
      await lab.ask("one");
      const text = steps(...before, { fail: { code: -32002, message } });
      expect(await lab.run(text)).toMatchObject({ kind: "failed" });
      expect(await told(lab)).toHaveLength(2);
      expect(lab.parts.notes).toEqual([]);
    },
    LIMIT,
  );

  test(
    "is kept over an error of the agent that may pass",
    async () => {
      const lab = new AcpLab({ offers: "resume" });
      await lab.ask("one");
      await lab.backend.close?.();
      const ill = new AcpLab({ offers: "resume,no-taking-up", after: lab });
      for (const _ of [1, 2]) expect(await ill.run()).toMatchObject({ kind: "again" });
      await ill.backend.close?.();
      const well = new AcpLab({ offers: "resume", after: ill });
      expect(await told(well)).toEqual(["one"]);
      await well.backend.close?.();
      // What went well in between begins the count anew.
      await using late = new AcpLab({ offers: "resume,no-taking-up", after: well });
      expect(await late.run()).toMatchObject({ kind: "again" });
      expect(late.parts.notes).toEqual([]);
      for (const one of [lab, ill, well]) await one[Symbol.asyncDispose]();
    },
    LIMIT,
  );

  test.each([
    ["fails each time", "no-taking-up", 2, "EMFILE"],
    ["ends each time", "death-on-taking-up", 3, "the agent failed over it 3 times"],
  ])(
    "starts anew in the end where the agent %s",
    async (_, illness, times, why) => {
      const lab = new AcpLab({ offers: "resume" });
      await lab.ask("one");
      await lab.backend.close?.();
      const offers = `resume,${illness}`;
      await using next = new AcpLab({ offers, after: lab, clock: hurried(20) });
      for (let n = 0; n < times; n++) expect(await next.run()).toMatchObject({ kind: "again" });
      expect(await told(next)).toEqual([]);
      expect(next.parts.notes).toHaveLength(1);
      expect(next.parts.notes[0]).toContain(why);
      await lab[Symbol.asyncDispose]();
    },
    LIMIT,
  );

  test.each([
    ["agent", { env: { ACP_AGENT_NAME: "another-agent" } }, "another agent (test-agent)"],
  ])(
    "is not taken up by another %s",
    async (_, over, why) => {
      const lab = new AcpLab({ offers: "resume" });
      await lab.ask("one");
      await lab.backend.close?.();
      await using next = new AcpLab({ offers: "resume", after: lab, ...over });
      expect(await told(next)).toEqual([]);
      expect(next.parts.notes[0]).toContain(why);
      await lab[Symbol.asyncDispose]();
    },
    LIMIT,
  );

  test(
    "is not taken up in another folder",
    async () => {
      const lab = new AcpLab({ offers: "resume" });
      await lab.ask("one");
      await lab.backend.close?.();
      using other = tmpFolder();
      await using next = new AcpLab({ offers: "resume", after: lab, options: [] });
      const [key, value] = [...next.parts.memory.kept].find(([name]) =>
        name.startsWith("session "),
      )!;
      next.parts.memory.kept.set(key, value.replaceAll(lab.cwd, other.path));
      expect(await told(next)).toEqual([]);
      expect(next.parts.notes[0]).toContain("it was held in another folder");
      await lab[Symbol.asyncDispose]();
    },
    LIMIT,
  );

  test(
    "never shares a session with another, though the agent gives one id twice",
    async () => {
      await using lab = new AcpLab({ offers: "one-session" });
      await lab.ask("one");
      const outcome = await lab.run({ text: RECALL, contextId: "ctx-2" });
      expect(outcome).toMatchObject({ kind: "again" });
      expect(JSON.stringify(outcome)).toContain("another conversation");
    },
    LIMIT,
  );

  test(
    "takes one message after the other, others meanwhile",
    async () => {
      await using lab = new AcpLab();
      const stop = new AbortController();
      const first = lab.run({ text: steps({ wait: true }) }, stop.signal);
      await lab.parts.untilLine("waiting");
      let second = "waits";
      const next = lab.run({ text: "two", activityId: "act-2" }).then((end) => (second = end.kind));
      // Another conversation is not kept waiting, and by its end the second would have been through.
      await lab.ask({ text: "other", contextId: "ctx-2", activityId: "act-3" });
      expect(second).toBe("waits");
      stop.abort();
      expect(await first).toEqual({ kind: "stopped" });
      await next;
      expect(second).toBe("answer");
    },
    LIMIT,
  );

  test(
    "one that waits for its turn stops at once when it is to stop",
    async () => {
      await using lab = new AcpLab();
      const stops = [new AbortController(), new AbortController()] as const;
      const first = lab.run({ text: steps({ wait: true }) }, stops[0].signal);
      await lab.parts.untilLine("waiting");
      const second = lab.run({ text: "two", activityId: "act-2" }, stops[1].signal);
      stops[1].abort();
      expect(await second).toEqual({ kind: "stopped" });
      stops[0].abort();
      expect(await first).toEqual({ kind: "stopped" });
    },
    LIMIT,
  );
});

describe("an agent that is not logged in", () => {
  test.each([
    ["at the start of a session", "no-login"],
    ["at the prompt", "no-login-prompt"],
  ])(
    "%s is the operator's to mend, who learns the ways to log in",
    async (_, offers) => {
      await using lab = new AcpLab({ offers });
      expect(await lab.run()).toMatchObject({
        kind: "operator",
        reason: expect.stringContaining("not logged in"),
        told: expect.not.stringContaining("API"),
        hint: expect.stringContaining("it offers: An API key, Log in with a browser"),
      });
    },
    LIMIT,
  );
});

test(
  "an agent of another version of the protocol is the operator's to mend",
  async () => {
    await using lab = new AcpLab({ offers: "v2" });
    expect(await lab.run()).toMatchObject({
      kind: "operator",
      reason: "the agent does not speak version 1 of the Agent Client Protocol, but version 2",
    });
  },
  LIMIT,
);
