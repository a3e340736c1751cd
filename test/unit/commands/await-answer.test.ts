/** What `agent send --wait` takes for the answer when it speaks as the person at the canvas. */
import { expect, test } from "bun:test";
import { canvasAnswer } from "../../../src/commands/await-answer.ts";

const asked = { request_body: { params: { message: { messageId: "m-1", parts: [] } } } };
const notice = (text: string) => ({
  method: "notify",
  response_body: { result: text, parts: [{ kind: "text", text }] },
});

test("notices from before the question, and text on the way to the answer, are passed over", () => {
  const find = canvasAnswer("m-1");
  const rows = [notice("old"), asked, notice("… looking at it"), notice("done")];
  expect(rows.map(find)).toEqual([
    undefined,
    undefined,
    undefined,
    { text: "done", failed: false, pending: false },
  ]);
});

test.each([
  ["I could not answer this: it failed.", { failed: true, pending: false }],
  ["I don't take messages from you.", { failed: true, pending: false }],
  ["I can't answer yet: it is not ready.", { failed: false, pending: true }],
  ["I could not find it.", { failed: false, pending: false }],
])("the bridge's own words are no answer: %s", (text, is) => {
  const find = canvasAnswer("m-1");
  find(asked);
  expect(find(notice(text))).toEqual({ text, ...is });
});
