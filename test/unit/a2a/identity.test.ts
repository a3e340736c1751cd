import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { identityOf } from "../../../src/a2a/identity.ts";

/** An envelope whose message says this, with parts of its own unless they are changed. */
const envelope = (text: string, message: object = {}, params: object = {}, top: object = {}) => ({
  jsonrpc: "2.0",
  id: "rpc-1",
  method: "message/send",
  params: {
    message: { role: "user", messageId: "m-1", parts: [{ kind: "text", text }], ...message },
    ...params,
  },
  ...top,
});

const digest = (body: unknown) => identityOf(body).digest;

describe("what a message says", () => {
  const part = (text: string) => [{ kind: "text", text }];
  const places: [string, (text: string) => unknown][] = [
    ["its parts", (text) => envelope(text)],
    ["params.parts", (text) => envelope("", { parts: [] }, { parts: part(text) })],
    ["params.content", (text) => envelope("", { parts: [] }, { content: text })],
    ["its content", (text) => envelope("", { parts: undefined, content: text })],
    ["its content beside empty parts", (text) => envelope("", { parts: [], content: text })],
    [
      "a message beside the parameters",
      (text) => ({
        ...envelope("", { parts: [] }),
        message: { messageId: "m-1", parts: part(text) },
      }),
    ],
    ["parts of the envelope", (text) => envelope("", { parts: [] }, {}, { parts: part(text) })],
    ["content of the envelope", (text) => envelope("", { parts: [] }, {}, { content: text })],
    ["JSON in a text", (text) => JSON.stringify(envelope(text))],
    ["a part that is wrapped", (text) => envelope("", { parts: [{ root: part(text)[0] }] })],
    [
      "the name of a file",
      (name) => envelope("", { parts: [{ kind: "file", file: { name, uri: "x:1" } }] }),
    ],
    ["data that is not read", (data) => envelope("same", { parts: [{ kind: "data", data }] })],
    ["its context", (contextId) => envelope("same", { contextId })],
    ["its task", (taskId) => envelope("same", { taskId })],
    ["its role", (role) => envelope("same", { role })],
  ];

  test.each(places)("is told apart by %s", (_, place) => {
    expect(digest(place("one"))).not.toBe(digest(place("two")));
    expect(digest(place("one"))).toBe(digest(place("one")));
  });

  test("under the same id with no parts at all is another message elsewhere", () => {
    const said = places.map(([, place]) => digest(place("one")));
    expect(new Set(said).size).toBeGreaterThan(said.length - 2);
    const [a, b] = ["one", "two"].map((text) =>
      identityOf(envelope("", { parts: [] }, { parts: part(text) })),
    );
    expect(a?.ids).toEqual(b?.ids ?? []);
  });
});

describe("a message that is sent again", () => {
  test.each([
    ["another JSON-RPC id", envelope("hello", {}, {}, { id: "rpc-2" })],
    ["another history", envelope("hello", {}, { history: [{ role: "user", parts: [] }] })],
    ["a longer history in its own", envelope("hello", { history: ["earlier"] })],
    ["other settings of the request", envelope("hello", {}, { configuration: { blocking: true } })],
    ["other metadata", envelope("hello", { metadata: { sent: 2 } })],
  ])("with %s is the same", (_, again) => {
    expect(identityOf(again)).toMatchObject({
      digest: digest(envelope("hello")),
      ids: expect.arrayContaining([expect.stringContaining("m-1")]),
    });
  });

  test("is known whatever it is, and nothing makes it throw", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expect(identityOf(body)).toEqual(identityOf(structuredClone(body)));
      }),
    );
  });
});
