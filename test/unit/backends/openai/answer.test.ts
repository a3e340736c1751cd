import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Completion, readCompletion } from "../../../../src/backends/openai/answer.ts";

const of = (message: unknown, finish_reason: unknown = "stop") =>
  readCompletion({ choices: [{ message, finish_reason }] });

const text = (said: string): Completion => ({ kind: "text", text: said, cut: false });

test.each<[string, unknown, string]>([
  ["a text", "hi", "hi"],
  ["white space around it", "\n hi\n\n", "hi"],
  ["parts", [{ type: "text", text: "a" }, { type: "image" }, { type: "text", text: "b" }], "ab"],
  ["a block of thoughts", "<think>\nlet me see\n</think>\n\nhi", "hi"],
  ["an empty block", " \n<think></think>hi", "hi"],
  ["a block that is not at the start", "a <think>b</think> c", "a <think>b</think> c"],
  ["the end of a block alone", "a </think> b", "a </think> b"],
  ["thoughts that only close", "the prompt says so\n</think>\n\nhi", "hi"],
  ["thoughts that only close, indented", "so\r\n\t</think> \r\nhi\n</think>", "hi\n</think>"],
  ["two blocks", "<think>a</think>b <think>c</think>", "b <think>c</think>"],
])("the content is the answer: %s", (_, content, said) => {
  expect(of({ role: "assistant", content })).toEqual(text(said));
});

test("fields that hold thoughts are never the answer", () => {
  const thoughts = { reasoning_content: "hmm", reasoning: "hmm", thinking: "hmm" };
  expect(of({ content: "hi", ...thoughts })).toEqual(text("hi"));
  for (const content of [
    "",
    null,
    undefined,
    " \n",
    [],
    "<think>hmm</think>",
    "<think>hmm",
    "hmm\n</think>\n",
  ]) {
    expect(of({ content, ...thoughts })).toEqual({ kind: "empty", cut: false });
  }
});

test("a limit of tokens is told apart from an answer that is whole", () => {
  expect(of({ content: "half an" }, "length")).toEqual({
    kind: "text",
    text: "half an",
    cut: true,
  });
  expect(of({ content: "<think>half a" }, "length")).toEqual({ kind: "empty", cut: true });
});

test("a refusal is none of its words, wherever it stands", () => {
  expect(of({ content: null, refusal: "no" })).toEqual({ kind: "refused", why: "no" });
  expect(of({ content: [{ type: "refusal", refusal: "no" }] })).toEqual({
    kind: "refused",
    why: "no",
  });
  expect(of({ content: "half" }, "content_filter")).toEqual({ kind: "refused", why: undefined });
  expect(of({ content: "hi", refusal: null })).toEqual(text("hi"));
});

test("a wish for tools counts only where nothing is said", () => {
  const tool_calls = [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }];
  expect(of({ content: null, tool_calls }, "tool_calls")).toEqual({ kind: "tools" });
  expect(of({ content: null, function_call: { name: "f" } })).toEqual({ kind: "tools" });
  expect(of({ content: "hi", tool_calls }, "tool_calls")).toEqual(text("hi"));
  expect(of({ content: "", tool_calls: [] })).toEqual({ kind: "empty", cut: false });
});

test.each<[unknown, string]>([
  [{}, "it names no choices"],
  [[], "it names no choices"],
  [{ choices: null }, "it names no choices"],
  [{ choices: [] }, "its list of choices is empty"],
  [{ choices: ["hi"] }, "its list of choices is empty"],
  [{ choices: [{ text: "hi" }] }, "its choice has no message"],
  [{ choices: [{ message: { content: 7 } }] }, "its message's content is no text"],
])("%j is no completion", (body, why) => {
  expect(readCompletion(body)).toEqual({ kind: "broken", why });
});

test("no body makes it throw, or makes an answer of nothing", () => {
  const keys = fc.constantFrom("choices", "message", "content", "refusal", "type", "text", "0");
  const value = fc.object({ key: keys, maxDepth: 5, withNullPrototype: true });
  const message = value.map((found) => ({ choices: [{ message: found }] }));
  fc.assert(
    fc.property(fc.oneof(fc.anything(), value, message), (body) => {
      const completion = readCompletion(body);
      if (completion.kind === "text") expect(completion.text.trim()).not.toBe("");
    }),
  );
});
