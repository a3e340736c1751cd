import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { ClaudeStream } from "../../../../src/backends/claude/stream.ts";
import { anyText } from "../support.ts";

setDefaultTimeout(60_000);

const text = (words: string) => ({ type: "text", text: words });
const tool = (name: unknown) => ({ type: "tool_use", name, input: {} });
const assistant = (content: unknown, more: object = {}) => ({
  type: "assistant",
  message: { model: "m", content },
  ...more,
});
const result = { type: "result", result: "the end" };

function read(...lines: unknown[]) {
  const told: string[] = [];
  const stream = new ClaudeStream(
    {
      onText: (words) => void told.push(words),
      onTask: (task) => void told.push(`(${task})`),
    },
    (words) => words.replaceAll("canary", "[secret]"),
  );
  for (const line of lines) stream.add(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
  stream.end();
  return { told, stream };
}

test("text is told once something follows it, and the last is the answer", () => {
  const { told } = read(
    assistant([text("a")]),
    assistant([text("b"), tool("Read")]),
    assistant([tool("mcp__x__y")]),
    assistant([text("c")]),
    assistant([text("d")]),
    result,
  );
  expect(told).toEqual(["a", "b", "(using Read)", "(using mcp__x__y)", "c"]);
});

test("what is told holds no secret, and a tool's name is one short line", () => {
  const { told } = read(
    assistant([text("my canary")]),
    assistant([tool(`canary\n${"x".repeat(200)}`)]),
    assistant([tool(7)]),
  );
  expect(told[0]).toBe("my [secret]");
  expect(told[1]).toStartWith("(using [secret] xxx");
  expect(told[1]?.length).toBeLessThan(75);
  expect(told[2]).toBe("(using a tool)");
});

test("a helper's text is its own, and its tools are work of the agent", () => {
  const helper = { parent_tool_use_id: "toolu_1" };
  const { told, stream } = read(
    assistant([text("a")]),
    assistant([text("inner"), tool("Grep")], helper),
    result,
  );
  expect(told).toEqual(["(using Grep)"]);
  expect(stream.worked).toBe(true);
});

test("the program's words about an error are not told, and are no word of the model", () => {
  const failure = { type: "assistant", message: { model: "<synthetic>", content: [text("oops")] } };
  const { told, stream } = read(
    { ...failure, error: "rate_limit" },
    assistant([tool("x")], { error: "unknown" }),
    result,
  );
  expect(told).toEqual([]);
  expect(stream).toMatchObject({ spoke: false, worked: false, error: "unknown" });
});

test("resolves with the result, before the child has exited", async () => {
  const { stream } = read(assistant([text("a")]), result);
  await stream.answered;
  expect(stream.result).toMatchObject({ result: "the end" });
});

test("what tools gave is thrown away as it comes, however long it is", () => {
  const long = { type: "user", message: { content: "x".repeat(20 << 20) } };
  const { stream } = read(long, result);
  expect(stream).toMatchObject({ overlong: false, result: { result: "the end" } });
});

test("no output makes it throw", () => {
  const shape = fc.record(
    {
      type: fc.constantFrom("assistant", "result", "system", "rate_limit_event", 1),
      subtype: fc.constantFrom("api_retry", "init", 2),
      message: fc.oneof(
        anyText(),
        fc.record({ content: fc.anything(), model: fc.anything() }),
        fc.constant(null),
      ),
      rate_limit_info: fc.anything(),
      error: fc.anything(),
      parent_tool_use_id: fc.anything(),
    },
    { requiredKeys: [] },
  );
  const line = fc.oneof(shape, fc.jsonValue());
  fc.assert(
    fc.property(fc.array(line), fc.array(anyText()), (lines, noise) => {
      const stream = new ClaudeStream({}, (words) => words);
      const bytes = (words: string) => new TextEncoder().encode(`${words}\n`);
      for (const one of lines) {
        let words = "";
        try {
          words = JSON.stringify(one) ?? "";
        } catch {}
        stream.add(bytes(words));
      }
      for (const words of noise) stream.add(bytes(words));
      stream.end();
    }),
  );
});
