/**
 * An agent for tests that keeps to the protocol only as far as its first argument says, or as the prompt
 * says after the word RAW. Written without a library: none lets one be as wrong as this.
 */
import { closeSync, writeSync } from "node:fs";

const [, , birth = ""] = Bun.argv;

const put = (text: string) => {
  for (let rest = Buffer.from(text); rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as { code?: string }).code !== "EAGAIN") throw error;
      Bun.sleepSync(1);
    }
  }
};
const send = (message: object) => put(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const say = (text: string) =>
  send({
    method: "session/update",
    params: {
      sessionId: "raw",
      update: { sessionUpdate: "agent_message_chunk", content: { type: "text", text } },
    },
  });
const end = (id: unknown, stopReason = "end_turn") => send({ id, result: { stopReason } });

/** What it does with a prompt. */
const RAW: Record<string, (id: unknown) => void> = {
  plain(id) {
    say("plain answer");
    end(id);
  },
  strange(id) {
    put("this is no JSON\n[]\n{}\n\n42\n{\n");
    send({ id: 4711, result: { stopReason: "refusal" } });
    send({ id: "4711", error: { code: 1, message: "of nobody" } });
    send({ method: "nobody/knows", params: [1] });
    send({ method: "session/update", params: { sessionId: "other", update: 7 } });
    send({
      method: "session/update",
      params: { sessionId: "raw", update: { sessionUpdate: "new" } },
    });
    send({ method: "session/update" });
    send({ id: { no: "id" }, method: "fs/read_text_file" });
    say("after all that");
    end(id);
  },
  line() {
    put(`{"jsonrpc":"2.0","method":"x","params":"${"x".repeat(17 * 1024 * 1024)}"}\n`);
  },
  much(id) {
    for (let n = 0; n < 100; n++) say("y".repeat(20_000));
    end(id);
  },
  late(id) {
    say("in time");
    put(
      `${JSON.stringify({ jsonrpc: "2.0", id, result: { stopReason: "end_turn" } })}\n${JSON.stringify(
        {
          jsonrpc: "2.0",
          method: "session/update",
          params: {
            sessionId: "raw",
            update: {
              sessionUpdate: "agent_message_chunk",
              content: { type: "text", text: "LATE" },
            },
          },
        },
      )}\n`,
    );
  },
  goes(id) {
    say("last words");
    put(JSON.stringify({ jsonrpc: "2.0", id, result: { stopReason: "end_turn" } }));
    process.exit(0);
  },
  deaf(id) {
    say("I hear nothing from now on");
    end(id);
    for (;;) Bun.sleepSync(1_000);
  },
  floods() {
    // Each answer to it is as long as its id, and is never read.
    for (let n = 0; n < 80; n++)
      send({ id: `${n}${"i".repeat(1024 * 1024)}`, method: "terminal/create" });
    for (;;) Bun.sleepSync(1_000);
  },
  mute() {
    closeSync(1);
  },
  empty(id) {
    end(id);
  },
  odd(id) {
    say("said something");
    end(id, "enough \u001b[31mfor today");
  },
  void(id) {
    send({ id, result: 5 });
  },
};

if (birth === "exit") {
  console.error("no such flag: --acp");
  process.exit(3);
}
if (birth === "babble") for (;;) put("what am I doing here?\n");
if (birth === "banner") put("Welcome to the agent!\n");

for await (const line of console) {
  const { id, method, params } = JSON.parse(line) as {
    id?: unknown;
    method?: string;
    params?: { prompt?: { text?: string }[] };
  };
  if (birth === "silent") continue;
  if (method === "initialize") {
    if (birth === "refuse") send({ id, error: { code: -32600, message: "not today" } });
    else if (birth === "nothing") send({ id, result: {} });
    else if (birth === "closes") {
      const agentCapabilities = { sessionCapabilities: { close: {} } };
      send({ id, result: { protocolVersion: 1, agentCapabilities } });
    } else if (birth.startsWith("tells-")) {
      send({
        id,
        result: { protocolVersion: 1, agentCapabilities: { _meta: { authStatus: {} } } },
      });
      const authStatus = { kind: birth.slice("tells-".length), label: "somebody@example.com" };
      send({ method: "_auth/status_update", params: { authStatus } });
    } else if (birth === "v2") send({ id, result: { protocolVersion: 2 } });
    else send({ id, result: { protocolVersion: 1 } });
  }
  if (method === "session/new" && birth === "broken") {
    send({ id, error: { code: -32603, message: "EMFILE" } });
  } else if (method === "session/new" && birth !== "no-session") {
    console.error("opened");
    send({ id, result: birth === "no-id" ? {} : { sessionId: "raw" } });
  }
  if (method === "session/prompt") {
    const [, what = "plain"] = /RAW(\w+)/.exec(params?.prompt?.[0]?.text ?? "") ?? [];
    RAW[what]?.(id);
  }
}
