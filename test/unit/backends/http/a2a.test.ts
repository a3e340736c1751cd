import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Backend, Outcome, RunHooks } from "../../../../src/backends/backend.ts";
import { createHttp } from "../../../../src/backends/http/create.ts";
import { http } from "../../../../src/backends/http/declaration.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { systemClock } from "../../../../src/shared/clock.ts";
import { A2aTestAgent, type AgentSettings, type Play } from "../../../harness/a2a-agent.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { never, request, TestParts, TRACEPARENT } from "../support.ts";

/** Pauses last a hundredth of their time; limits are as they are. */
const quick = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) =>
    systemClock.sleep(ms <= 5_000 && ms !== 3_000 && ms !== 2_000 ? ms / 100 : ms, signal),
};

function backendFor(agent: A2aTestAgent, options: string[] = [], parts = newParts()): Backend {
  return createHttp(parseOptions(http, [`url=${agent.url}`, ...options]), parts);
}

function newParts(): TestParts {
  return new TestParts({}, quick);
}

const VERSIONS = ["0.3", "1.0"] as const;
const SEND = { "0.3": "message/send", "1.0": "SendMessage" };
const GET = { "0.3": "tasks/get", "1.0": "GetTask" };
const CANCEL = { "0.3": "tasks/cancel", "1.0": "CancelTask" };

const textOf = (outcome: Outcome) => (outcome.kind === "answer" ? outcome.text : outcome);

describe.each(VERSIONS)("an agent of the SDK that speaks A2A %s", (version) => {
  const agentOf = (play: Play, settings: AgentSettings = {}) =>
    new A2aTestAgent(play, { versions: [version], ...settings });
  const only = (agent: A2aTestAgent) => {
    expect(agent.calls.every(({ method }) => method.includes("/") === (version === "0.3"))).toBe(
      true,
    );
  };

  test("answers with a message", async () => {
    await using agent = agentOf((turn) => turn.reply(`echo: ${turn.text}`));
    const outcome = await backendFor(agent).run(request(), never);
    expect(outcome).toEqual({ kind: "answer", text: "echo: hello" });
    expect(agent.methods()).toEqual([SEND[version]]);
    expect(agent.calls[0]?.headers.get("a2a-version")).toBe(version === "1.0" ? "1.0" : null);
  });

  test("is told who speaks, and nothing of it in the text", async () => {
    await using agent = agentOf((turn) => turn.reply("ok"));
    const from = { peerName: "Bob", attempt: 2, interrupted: true, isReply: true };
    await backendFor(agent).run(request(from), never);
    const { message } = agent.turns[0] ?? {};
    expect(message?.["metadata"]).toEqual({
      molecule: {
        workspace_id: "ws-1",
        activity_id: "act-1",
        sender: "peer",
        peer_id: "peer-1",
        peer_name: "Bob",
        attempt: 2,
        interrupted: true,
        is_reply: true,
        budget_usd: null,
      },
    });
    expect(message?.["role"]).toBe("ROLE_USER");
    expect(agent.turns[0]?.text).toBe("hello");
  });

  test("gets the same message id for a repeat, and another for another message", async () => {
    await using agent = agentOf((turn) => turn.reply("ok"));
    const backend = backendFor(agent);
    await backend.run(request(), never);
    await backend.run(request({ attempt: 2, messageId: "other" }), never);
    await backend.run(request({ activityId: "act-2" }), never);
    const ids = agent.turns.map(({ message }) => message["messageId"]);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  test("answers with a task that is done at once", async () => {
    await using agent = agentOf((turn) => {
      turn.task("completed");
    });
    expect((await backendFor(agent).run(request(), never)).kind).toBe("declined");
  });

  test("works, is followed, and answers with artifacts and its last words", async () => {
    const gate = Promise.withResolvers<void>();
    await using agent = agentOf(async (turn) => {
      turn.task("submitted");
      turn.status("working", "looking it up");
      await gate.promise;
      turn.artifact("first");
      turn.artifact([{ text: "second" }, { data: { left: "out" } }]);
      turn.status("completed", "all done");
    });
    const said: string[] = [];
    const doing: string[] = [];
    const hooks: RunHooks = {
      onChild: () => {},
      onTask: (task) => doing.push(task),
      onText: (text) => {
        said.push(text);
        gate.resolve();
      },
    };
    const parts = newParts();
    const outcome = await backendFor(agent, [], parts).run(request(), never, hooks);
    expect(textOf(outcome)).toBe("first\n\nsecond\n\nall done");
    expect(said).toEqual(["looking it up"]);
    expect(doing).toEqual(["looking it up"]);
    expect(agent.methods().filter((method) => method === SEND[version])).toHaveLength(1);
    expect(agent.methods()).toContain(GET[version]);
    only(agent);
  });

  test("is given the trace with each call for a run, and in no message", async () => {
    await using agent = agentOf((turn) => {
      turn.task("submitted");
      turn.status("completed", "done");
    });
    await backendFor(agent).run(request(), never);
    expect(agent.methods()).toContain(GET[version]);
    for (const { headers, params } of agent.calls) {
      expect(headers.get("traceparent")).toBe(TRACEPARENT);
      expect(JSON.stringify(params)).not.toContain(TRACEPARENT);
    }
  });

  test("asks, and the next message of the conversation goes on with its task", async () => {
    await using agent = agentOf((turn) => {
      if (turn.continues) {
        // Before the state: until then the task still shows its old question.
        turn.artifact(`so: ${turn.text}`);
        turn.status("completed");
      } else {
        turn.task("submitted");
        turn.status("input-required", "which one?");
      }
    });
    const backend = backendFor(agent);
    expect(textOf(await backend.run(request(), never))).toBe("which one?");
    const next = request({
      activityId: "act-2",
      text: "blue",
      parts: [{ kind: "text", text: "blue" }],
    });
    expect(textOf(await backend.run(next, never))).toBe("so: blue");
    expect(agent.turns[1]?.taskId).toBe(agent.turns[0]?.taskId ?? "");
    expect(agent.turns[1]?.contextId).toBe(agent.turns[0]?.contextId ?? "");
    await backend.run(request({ activityId: "act-3" }), never);
    expect(agent.turns[2]?.continues).toBe(false);
    expect(agent.turns[2]?.contextId).toBe(agent.turns[0]?.contextId ?? "");
  });

  test("keeps one context for each sender, whatever context they name", async () => {
    await using agent = agentOf((turn) => turn.reply("ok"));
    const backend = backendFor(agent);
    await backend.run(request({ contextId: "same" }), never);
    await backend.run(request({ contextId: "same", activityId: "act-2", peerId: "peer-2" }), never);
    await backend.run(request({ contextId: "same", activityId: "act-3" }), never);
    const [first, second, third] = agent.turns.map(({ contextId }) => contextId);
    expect(second).not.toBe(first);
    expect(third).toBe(first ?? "");
    expect(first).not.toBe("same");
  });

  test("is told of no conversation with session=none", async () => {
    await using agent = agentOf((turn) => turn.reply("ok"));
    const parts = newParts();
    const backend = backendFor(agent, ["session=none"], parts);
    await backend.run(request(), never);
    const { message } = agent.calls[0]?.params as { message: { contextId?: string } };
    expect(message.contextId).toBeUndefined();
    expect(parts.memory.kept.size).toBe(0);
  });

  test.each(["failed", "rejected", "canceled"])("ends its task as %s", async (state) => {
    await using agent = agentOf((turn) => {
      turn.task("submitted");
      turn.status(state, "no key hunter22 for\nthat");
    });
    const parts = newParts();
    parts.secrets.add("hunter22");
    const outcome = await backendFor(agent, [], parts).run(request(), never);
    expect(outcome).toEqual({
      kind: "failed",
      reason: `the agent's task is ${state}: no key [secret] for that`,
      told: `the agent reports its task as ${state}`,
    });
  });

  test("has a login to wait for", async () => {
    await using agent = agentOf((turn) => {
      turn.task("submitted");
      turn.status("auth-required", "log in at example.com");
    });
    const outcome = await backendFor(agent).run(request(), never);
    expect(textOf(outcome)).toBe("log in at example.com");
  });

  test("gets text, data and files in their order", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "a.bin");
    writeFileSync(path, Buffer.from([0, 255, 1]));
    await using agent = agentOf((turn) => turn.reply("ok"));
    const near = { name: "a.bin", mimeType: "application/x-a", uri: "workspace:/a.bin", size: 3 };
    const far = { name: "b.png", mimeType: "image/png", uri: "https://example.com/b", size: 9 };
    const kept = { name: "c.txt", mimeType: undefined, uri: "workspace:/c.txt", size: 1 };
    const parts = [
      { kind: "text" as const, text: "see" },
      { kind: "file" as const, file: { ...near, path } },
      { kind: "data" as const, data: { a: [1] }, mimeType: undefined },
      { kind: "file" as const, file: far },
      { kind: "file" as const, file: kept },
    ];
    await backendFor(agent).run(request({ parts, text: "see" }), never);
    const sent = agent.turns[0]?.message["parts"] as Record<string, unknown>[];
    expect(sent).toMatchObject([
      { text: "see" },
      { raw: "AP8B", filename: "a.bin", mediaType: "application/x-a" },
      { data: { a: [1] } },
      { url: "https://example.com/b", filename: "b.png", mediaType: "image/png" },
      { text: "[file] c.txt (not sent along)" },
    ]);
  });

  test("answers with files: bytes into the folder, addresses into the text", async () => {
    using folder = tmpFolder();
    await using agent = agentOf((turn) =>
      turn.reply([
        { text: "here" },
        { raw: "aGk=", filename: "../../up/note.txt", mediaType: "text/plain" },
        { raw: "aG8=", filename: "note.txt", mediaType: "text/plain" },
        { url: "https://example.com/x.pdf", filename: "x.pdf" },
      ]),
    );
    const outcome = await backendFor(agent).run(request({ answerFolder: folder.path }), never);
    if (outcome.kind !== "answer") throw new Error(outcome.kind);
    expect(outcome.text).toBe("here\n\nx.pdf: https://example.com/x.pdf");
    expect(outcome.files?.map(({ path }) => path)).toEqual([
      join(folder.path, "note.txt"),
      join(folder.path, "note-2.txt"),
    ]);
    expect(outcome.files?.map(({ path }) => readFileSync(path, "utf8"))).toEqual(["hi", "ho"]);
  });

  test("answers with data alone, which is shown as JSON", async () => {
    await using agent = agentOf((turn) => turn.reply([{ data: { n: 1 } }]));
    expect(textOf(await backendFor(agent).run(request(), never))).toBe('{\n  "n": 1\n}');
  });

  test("is told to cancel when we are stopped, and the next run begins anew", async () => {
    await using agent = agentOf((turn) => {
      if (agent.turns.length === 1) {
        turn.task("submitted");
        turn.status("working");
        return untilCanceled(agent);
      }
      turn.reply("second try");
      return undefined;
    });
    const backend = backendFor(agent);
    const stop = new AbortController();
    const running = backend.run(request(), stop.signal);
    await agent.untilCalled(GET[version]);
    stop.abort();
    expect(await running).toEqual({ kind: "stopped" });
    expect(agent.canceled).toHaveLength(1);
    expect(agent.methods()).toContain(CANCEL[version]);
    expect(textOf(await backend.run(request(), never))).toBe("second try");
  });

  test("is told to cancel when the time is up, which is a failure", async () => {
    await using agent = agentOf((turn) => {
      turn.task("submitted");
      turn.status("working");
      return untilCanceled(agent);
    });
    // Its time is up as soon as its task is looked at.
    const sleep = async (ms: number, signal?: AbortSignal) =>
      ms === 77_000 ? agent.untilCalled(GET[version]) : quick.sleep(ms, signal);
    const parts = new TestParts({}, { ...quick, sleep });
    const outcome = await backendFor(agent, ["timeout=77s"], parts).run(request(), never);
    expect(outcome.kind).toBe("failed");
    expect(agent.canceled).toHaveLength(1);
    // Of the message nothing is kept: a second run of it would be a new one.
    expect([...parts.memory.kept.values()].filter((v) => v.includes('"version"'))).toEqual([]);
  });

  test("is asked for the task of a run that was cut, and not given the message twice", async () => {
    const done = Promise.withResolvers<void>();
    await using agent = agentOf(async (turn) => {
      turn.task("submitted");
      turn.status("working");
      await done.promise;
      turn.status("completed", "from the first run");
    });
    const parts = newParts();
    // The bridge dies here: neither its signal nor its answer is seen.
    void backendFor(agent, [], parts).run(request(), never);
    await agent.untilCalled(GET[version]);
    const left = new Map(parts.memory.kept);
    done.resolve();
    const later = newParts();
    for (const [key, value] of left) later.memory.kept.set(key, value);
    const again = request({ interrupted: true, attempt: 2 });
    const outcome = await backendFor(agent, [], later).run(again, never);
    expect(textOf(outcome)).toBe("from the first run");
    expect(agent.turns).toHaveLength(1);
  });

  test("has forgotten the task of a conversation: the message goes without it, once", async () => {
    const parts = newParts();
    const ask: Play = (turn) => {
      turn.task("submitted");
      turn.status("input-required", "which?");
    };
    await using agent = agentOf(ask);
    await backendFor(agent, [], parts).run(request(), never);
    for (const [key, value] of parts.memory.kept) {
      const gone = value.replace(
        /"taskId":"[^"]+"/,
        '"taskId":"4a3b5f0e-0000-4000-8000-000000000000"',
      );
      parts.memory.kept.set(key, gone);
    }
    agent.calls.length = 0;
    const outcome = await backendFor(agent, [], parts).run(request({ activityId: "act-2" }), never);
    expect(textOf(outcome)).toBe("which?");
    expect(agent.methods().filter((m) => m === SEND[version])).toHaveLength(2);
  });

  test("has ended the task of a conversation: the message goes without it", async () => {
    const parts = newParts();
    await using agent = agentOf((turn) => {
      turn.task("submitted");
      turn.status("completed", "done");
    });
    const backend = backendFor(agent, [], parts);
    await backend.run(request(), never);
    const taskId = agent.turns[0]?.taskId ?? "";
    for (const [key, value] of parts.memory.kept) {
      parts.memory.kept.set(key, JSON.stringify({ ...JSON.parse(value), taskId }));
    }
    expect(textOf(await backend.run(request({ activityId: "act-2" }), never))).toBe("done");
    expect(agent.turns).toHaveLength(2);
  });

  test("is found without a card", async () => {
    await using agent = agentOf((turn) => turn.reply("ok"), { card: "none" });
    const backend = backendFor(agent);
    expect(textOf(await backend.run(request(), never))).toBe("ok");
    await backend.run(request({ activityId: "act-2" }), never);
    const tried = version === "0.3" ? [] : ["message/send"];
    expect(agent.methods()).toEqual([...tried, SEND[version], SEND[version]]);
  });

  test("is found by a card of old", async () => {
    await using agent = agentOf((turn) => turn.reply("ok"), { card: "agent.json", path: "/a2a" });
    expect(textOf(await backendFor(agent).run(request(), never))).toBe("ok");
    expect(agent.methods()).toEqual([SEND[version]]);
  });

  test("is found where its own card says, if the url is no more than its host", async () => {
    await using agent = agentOf((turn) => turn.reply("ok"), { path: "/a2a/rpc" });
    const options = parseOptions(http, [`url=${agent.origin}`]);
    expect(textOf(await createHttp(options, newParts()).run(request(), never))).toBe("ok");
  });

  test("is no agent of the other version, if that is demanded", async () => {
    await using agent = agentOf((turn) => turn.reply("ok"));
    const other = version === "0.3" ? "1.0" : "0.3";
    const outcome = await backendFor(agent, [`protocol=${other}`]).run(request(), never);
    expect(outcome.kind).toBe("operator");
    expect(agent.turns).toHaveLength(0);
  });
});

test("an agent of both versions is spoken to in the newer", async () => {
  await using agent = new A2aTestAgent((turn) => turn.reply("ok"));
  await backendFor(agent).run(request(), never);
  expect(agent.methods()).toEqual(["SendMessage"]);
});

/** A run of the agent that ends when it is told to. */
function untilCanceled(agent: A2aTestAgent): Promise<void> {
  return agent.bell.until(() => agent.canceled.length > 0, "a cancel");
}
