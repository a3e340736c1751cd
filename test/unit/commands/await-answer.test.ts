/** What `agent send --wait` takes for the answer when it speaks as the person at the canvas. */
import { describe, expect, test } from "bun:test";
import {
  type Answer,
  awaitAnswer,
  canvasAnswer,
  type Feed,
} from "../../../src/commands/answers/await-answer.ts";

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

describe("the row of the question itself, once an agent in push mode is done", () => {
  const text = (said: string) => ({ result: { parts: [{ kind: "text", text: said }] } });

  test.each<[row: object, answer: object | undefined]>([
    [{ status: "ok" }, undefined],
    [
      { status: "ok", response_body: text("done") },
      { text: "done", failed: false },
    ],
    [
      { status: "ok", response_body: { error: { code: 1, message: "no" } } },
      { text: "no", failed: true },
    ],
    [
      { status: "error", error_detail: "502" },
      { text: "502", failed: true },
    ],
    [{ status: "error" }, { text: "no reason given", failed: true }],
    [{ status: "ok", response_body: { queued: true, queue_id: "q" } }, undefined],
  ])("%j", (row, answer) => {
    const found = canvasAnswer("m-1")({ ...asked, ...row });
    if (answer === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(answer);
  });
});

describe("the feed is read on", () => {
  const log = { error() {}, warn() {}, info: (m: string) => void told.push(m), debug() {} };
  let told: string[] = [];
  const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
  const find = (row: unknown) => (row as { answer?: Answer }).answer;
  const answer = { text: "done", failed: false, pending: false };
  const wait = (feed: Feed) => awaitAnswer(feed, { since: "before", find, timeoutMs: 20_000, log });

  test("from a little before its end, so that a row which shares a time or comes late is seen (T21)", async () => {
    const cursors: (string | undefined)[] = [];
    const old = { id: "old", created_at: at(0) };
    const last = { id: "last", created_at: at(3_000) };
    const late = { id: "late", created_at: at(3_000), answer };
    const feed: Feed = {
      activity: async ({ sinceId }) => {
        cursors.push(sinceId);
        return cursors.length === 1 ? [old, last] : [last, late];
      },
    };
    expect(await wait(feed)).toEqual(answer);
    expect(cursors).toEqual(["before", "old"]);
  });

  test("and what must wait is told once, however often it is read", async () => {
    told = [];
    const pending = {
      id: "p",
      created_at: at(0),
      answer: { ...answer, text: "later", pending: true },
    };
    let reads = 0;
    const feed: Feed = {
      activity: async () =>
        ++reads < 3 ? [pending] : [pending, { id: "a", created_at: at(1), answer }],
    };
    expect(await wait(feed)).toEqual(answer);
    expect(told).toEqual(["later"]);
  });

  test("at once where a page is full", async () => {
    const page = Array.from({ length: 100 }, (_, n) => ({ id: `r-${n}`, created_at: at(0) }));
    const cursors: (string | undefined)[] = [];
    const feed: Feed = {
      activity: async ({ sinceId }) => {
        cursors.push(sinceId);
        return cursors.length === 1 ? page : [{ id: "a", created_at: at(0), answer }];
      },
    };
    expect(await wait(feed)).toEqual(answer);
    expect(cursors).toEqual(["before", "r-99"]);
  });

  test("but not for ever where each page is full", async () => {
    let pages = 0;
    const feed: Feed = {
      activity: async () => {
        await new Promise((resolve) => setImmediate(resolve));
        pages += 1;
        return Array.from({ length: 100 }, (_, n) => ({ id: `${pages}-${n}`, created_at: at(0) }));
      },
    };
    const hasty = { since: "before", find, timeoutMs: 100, log };
    const end = awaitAnswer(feed, hasty).catch((error: unknown) => error);
    expect(String(await end)).toContain("no answer within 100 ms");
    // Nor does it go on behind our back.
    const read = pages;
    for (let n = 0; n < 5; n++) await new Promise((resolve) => setImmediate(resolve));
    expect(pages - read).toBeLessThanOrEqual(1);
  });
});
