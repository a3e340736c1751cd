import { expect, test } from "bun:test";
import fc from "fast-check";
import { MAX_ANSWER_BYTES, MAX_BLOCKS, Turn } from "../../../../src/backends/acp/turn.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";

function turn(permissions: "deny" | "allow" = "deny") {
  const notes: string[] = [];
  const texts: string[] = [];
  const tasks: string[] = [];
  const secrets = new Secrets();
  secrets.add("hunter2-hunter2");
  const one = new Turn({
    permissions,
    mask: (text) => secrets.mask(text),
    onNote: (text) => void notes.push(text),
    hooks: {
      onChild: () => {},
      onText: (text) => void texts.push(text),
      onTask: (task) => void tasks.push(task),
    },
  });
  const chunk = (content: unknown) => one.update({ sessionUpdate: "agent_message_chunk", content });
  const say = (text: string) => chunk({ type: "text", text });
  const tool = (toolCallId: string, title = "t") =>
    one.update({ sessionUpdate: "tool_call", toolCallId, title });
  return { one, notes, texts, tasks, chunk, say, tool };
}

test("interim text without end leaves room for the answer", () => {
  const { one, say, tool } = turn();
  for (let n = 0; n < 30; n++) {
    say("x".repeat(100_000));
    tool(`call ${n}`);
  }
  say("the answer");
  expect(one.answer()).toBe("the answer");
});

test("a secret that lies across the cut is masked whole", () => {
  const { one, say } = turn();
  say("x".repeat(MAX_ANSWER_BYTES - 5));
  say("hunter2-hunter2 and more".padEnd(20_000, "y"));
  expect(one.answer()).not.toContain("hunter");
});

test("a tool that is told of twice, or only later, parts the text once", () => {
  const { one, say, texts } = turn();
  say("before");
  one.update({ sessionUpdate: "tool_call_update", toolCallId: "1", status: "pending" });
  say("after");
  one.update({ sessionUpdate: "tool_call", toolCallId: "1", title: "x" });
  one.update({ sessionUpdate: "tool_call_update", toolCallId: "1", status: "completed" });
  expect(one.answer()).toBe("after");
  expect(texts).toEqual(["before"]);
});

test("files are bounded in number and size", () => {
  const { one, chunk } = turn();
  chunk({ type: "image", data: "x".repeat(33 * 1024 * 1024), mimeType: "image/png" });
  expect([one.blocks.length, one.blocksLeftOut]).toEqual([0, 1]);
  const other = turn();
  for (let n = 0; n < MAX_BLOCKS + 3; n++)
    other.chunk({ type: "audio", data: "AA==", mimeType: "a/b" });
  expect([other.one.blocks.length, other.one.blocksLeftOut]).toEqual([MAX_BLOCKS, 3]);
});

test("refusals are told of a few times only", () => {
  const { one, notes } = turn();
  for (let n = 0; n < 50; n++) one.permit({ toolCall: { toolCallId: `${n}`, title: `do ${n}` } });
  expect(notes).toHaveLength(11);
  expect(notes.at(-1)).toBe("the agent asked for more, which was refused, too");
});

test("nothing is granted once the prompt was cancelled", () => {
  const { one } = turn("allow");
  const ask = { options: [{ optionId: "yes", kind: "allow_once" }] };
  expect(one.permit(ask)).toEqual({ outcome: "selected", optionId: "yes" });
  one.cancelled = true;
  expect(one.permit(ask)).toEqual({ outcome: "cancelled" });
});

test("an update may be anything", () => {
  const kinds = fc.constantFrom("agent_message_chunk", "tool_call", "tool_call_update", "plan");
  const update = fc.record(
    {
      sessionUpdate: kinds,
      content: fc.anything(),
      toolCallId: fc.anything(),
      title: fc.anything(),
      messageId: fc.anything(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(update, fc.anything())), fc.anything(), (updates, ask) => {
      const { one } = turn();
      for (const each of updates) one.update(each);
      expect(one.permit(ask).outcome).toMatch(/^(cancelled|selected)$/);
      expect(one.answer()).toBeString();
    }),
  );
});
