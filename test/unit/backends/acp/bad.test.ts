/** Agents that keep to the protocol badly, or not at all. */
import { describe, expect, test } from "bun:test";
import { MAX_ANSWER_BYTES } from "../../../../src/backends/acp/turn.ts";
import { steps } from "../../../harness/acp-agent.ts";
import { AcpLab, hurried } from "../../../harness/acp-agent-lab.ts";
import { untilGone } from "../../../harness/processes.ts";

const LIMIT = 60_000;

describe("an agent that can't be started", () => {
  test(
    "since it never answers is ended, and tried again",
    async () => {
      await using lab = new AcpLab({ raw: "silent", options: ["start_timeout=300ms"] });
      expect(await lab.run()).toMatchObject({
        kind: "again",
        reason: expect.stringContaining("did not answer initialize within 300 ms"),
      });
      await untilGone(lab.mark);
    },
    LIMIT,
  );

  test(
    "since it never opens a session is ended, and tried again",
    async () => {
      await using lab = new AcpLab({ raw: "no-session", options: ["start_timeout=500ms"] });
      expect(await lab.run()).toMatchObject({
        kind: "again",
        reason: "the agent did not answer session/new within 500 ms",
      });
      await untilGone(lab.mark);
    },
    LIMIT,
  );

  test(
    "since it says anything but messages is ended",
    async () => {
      await using lab = new AcpLab({ raw: "babble" });
      expect(await lab.run()).toMatchObject({
        kind: "again",
        reason: expect.stringContaining("is not the Agent Client Protocol"),
      });
      expect(lab.parts.notes).toEqual([
        "the agent writes what is no message to its stdout: what am I doing here?",
      ]);
      await untilGone(lab.mark);
    },
    LIMIT,
  );

  test.each([
    ["refuse", "again", "the agent could not begin (code -32600): not today"],
    ["no-id", "again", "it gave the new session no id"],
    ["nothing", "operator", "but none that it names"],
  ])(
    "since its first answers are bad (%s)",
    async (raw, kind, reason) => {
      await using lab = new AcpLab({ raw });
      expect(await lab.run()).toMatchObject({ kind, reason: expect.stringContaining(reason) });
    },
    LIMIT,
  );
});

describe("an agent that", () => {
  test(
    "greets is understood none the less",
    async () => {
      await using lab = new AcpLab({ raw: "banner" });
      expect(await lab.ask()).toBe("plain answer");
      expect(lab.parts.notes).toHaveLength(1);
    },
    LIMIT,
  );

  test(
    "mixes junk, answers to nobody and unknown notifications in is understood none the less",
    async () => {
      await using lab = new AcpLab({ raw: "" });
      expect(await lab.ask("RAWstrange")).toBe("after all that");
      expect(await lab.ask("RAWplain")).toBe("plain answer");
    },
    LIMIT,
  );

  test(
    "writes a line without end is ended",
    async () => {
      await using lab = new AcpLab({ raw: "" });
      expect(await lab.run("RAWline")).toMatchObject({
        kind: "failed",
        reason: expect.stringContaining("a line of more than 16 MiB"),
      });
      await untilGone(lab.mark);
    },
    LIMIT,
  );

  test(
    "says too much is cut, which is said",
    async () => {
      await using lab = new AcpLab({ raw: "" });
      const text = await lab.ask("RAWmuch");
      expect(text).toEndWith(`\n\n[cut: the agent said more than ${MAX_ANSWER_BYTES} bytes]`);
      expect(Buffer.byteLength(text)).toBeLessThan(MAX_ANSWER_BYTES + 100);
    },
    LIMIT,
  );

  test(
    "goes on after its answer adds nothing to it, nor to the next",
    async () => {
      await using lab = new AcpLab({ raw: "" });
      expect(await lab.ask("RAWlate")).toBe("in time");
      expect(await lab.ask("RAWplain")).toBe("plain answer");
    },
    LIMIT,
  );

  test(
    "ends with its answer on its lips has answered",
    async () => {
      await using lab = new AcpLab({ raw: "" });
      expect(await lab.ask("RAWgoes")).toBe("last words");
    },
    LIMIT,
  );

  test(
    "hangs after an answer is ended by the next message, and works for the one after it",
    async () => {
      await using lab = new AcpLab({ raw: "", options: ["timeout=20s"], clock: hurried(20) });
      expect(await lab.ask("RAWdeaf")).toBe("I hear nothing from now on");
      expect(await lab.run("RAWplain")).toMatchObject({ kind: "failed" });
      expect(await lab.ask("RAWplain")).toBe("plain answer");
    },
    LIMIT,
  );

  test(
    "asks and never reads the answers is ended",
    async () => {
      await using lab = new AcpLab({ raw: "" });
      expect(await lab.run("RAWfloods")).toMatchObject({
        kind: "failed",
        reason: expect.stringContaining("it does not read what it is sent"),
      });
      await untilGone(lab.mark);
    },
    LIMIT,
  );

  test(
    "closes its stdout is ended",
    async () => {
      await using lab = new AcpLab({ raw: "", clock: hurried(20) });
      expect(await lab.run("RAWmute")).toMatchObject({
        kind: "failed",
        reason: expect.stringContaining("it closed its stdout and went on"),
      });
      await untilGone(lab.mark);
    },
    LIMIT,
  );

  test.each([
    ["says nothing", "RAWempty", "ended its work without an answer"],
    ["stops for a reason of its own", "RAWodd", "enough \\u001b[31mfor today"],
    ["answers with nonsense", "RAWvoid", "none given"],
  ])(
    "%s has failed",
    async (_, text, reason) => {
      await using lab = new AcpLab({ raw: "" });
      expect(await lab.run(text)).toMatchObject({
        kind: "failed",
        reason: expect.stringContaining(reason),
      });
      expect(await lab.ask("RAWplain")).toBe("plain answer");
    },
    LIMIT,
  );
});

describe("an error in the place of an answer", () => {
  const fail = (code: number, message: string, data?: unknown) =>
    steps({ say: "PROSE of the error" }, { fail: { code, message, data } });

  test(
    "is no answer, and its words reach the operator only, without secrets",
    async () => {
      await using lab = new AcpLab();
      lab.parts.secrets.add("hunter2-hunter2");
      expect(await lab.run(fail(-32603, "key hunter2-hunter2 is\nbad"))).toEqual({
        kind: "failed",
        reason: "the agent could not answer (code -32603): key [secret] is bad",
        told: "the agent could not answer this message",
      });
    },
    LIMIT,
  );

  test(
    "of an overloaded model is waited for",
    async () => {
      await using lab = new AcpLab();
      expect(await lab.run(fail(-32603, "busy", { errorKind: "overloaded" }))).toMatchObject({
        kind: "again",
        overloaded: true,
      });
    },
    LIMIT,
  );

  test(
    "after it has used a tool is final: the work could be done twice",
    async () => {
      await using lab = new AcpLab();
      const text = steps(
        { tool: "1", title: "Pay" },
        { fail: { code: 429, message: "Rate limit exceeded" } },
      );
      expect(await lab.run(text)).toMatchObject({
        kind: "failed",
        reason: expect.stringContaining("the agent used tools, and then failed (code 429)"),
      });
    },
    LIMIT,
  );
});

describe("a failure that is told beside the protocol, with an error for an answer,", () => {
  const failure = (actions: string[], category = "limit") =>
    steps(
      { say: "PROSE: last status: 429" },
      {
        stop: "end_turn",
        meta: {
          jetbrains: {
            air: { sessionFailure: { severity: "error", title: "a title", category, actions } },
          },
        },
      },
    );

  test.each([
    [["retry"], "limit", "again"],
    [["login"], "access", "operator"],
    [[], "limit", "operator"],
    [[], "request", "failed"],
    [["retry", "new_session"], "connection", "failed"],
  ])(
    "is no answer (%j, %s: %s)",
    async (actions, category, kind) => {
      await using lab = new AcpLab();
      const outcome = await lab.run(failure(actions, category));
      expect(JSON.stringify(outcome)).not.toContain("PROSE");
      expect(JSON.stringify(outcome)).toContain("a title");
      expect(outcome.kind).toBe(kind as never);
    },
    LIMIT,
  );

  test(
    "also where the agent only says that its system failed, unless it went on",
    async () => {
      await using lab = new AcpLab();
      const status = (type: string) => ({
        update: {
          sessionUpdate: "session_info_update",
          _meta: { codex: { threadStatus: { type } } },
        },
      });
      const broken = steps(status("active"), status("systemError"), { say: "PROSE" });
      expect(await lab.run(broken)).toMatchObject({ kind: "failed", told: "the agent failed" });
      const mended = steps(status("systemError"), status("active"), { say: "well" });
      expect(await lab.ask(mended)).toBe("well");
    },
    LIMIT,
  );
});

test(
  "a warning of the agent is for the operator, once, and no part of the answer",
  async () => {
    await using lab = new AcpLab();
    lab.parts.secrets.add("hunter2-hunter2");
    const notice = (severity: string, title: string) => ({
      update: { sessionUpdate: "notice", severity, title },
    });
    const warning = notice("warning", "model hunter2-hunter2\nis old");
    const text = steps(warning, warning, notice("info", "hello"), { say: "yes" });
    expect(await lab.ask(text)).toBe("yes");
    expect(lab.parts.notes).toEqual(["the agent warns: model [secret] is old"]);
  },
  LIMIT,
);
