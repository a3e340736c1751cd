/** What becomes of pushed messages: order, conversations, repeats, and words for what has no answer. */
import { expect, test } from "bun:test";
import { backendOf } from "../../harness/bridge.ts";
import { ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { answer, held } from "./held.ts";
import { saying, TestPush, withSecret } from "./support.ts";

test("messages of one conversation are answered one after the other, others beside them", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const { backend, started, until, letGo } = held();
  await using bridge = await TestPush.start(platform, { backend, options: { concurrency: 8 } });
  const all = [
    bridge.say("a1", { contextId: "a" }),
    bridge.say("b1", { contextId: "b" }),
    bridge.say("none 1"),
    bridge.say("none 2"),
  ];
  await until(4);
  const next = { contextId: "a", messageId: "a2" };
  const second = bridge.say("a2", next);
  const joining = bridge.say("a2", next);
  // One of them joins the other, which is in its lane then.
  await bridge.until("push-repeat");
  letGo("b1");
  expect(await all[1]).toBe("b1");
  expect(started).not.toContain("a2");
  letGo("a1");
  await until(5);
  for (const text of ["a2", "none 1", "none 2"]) letGo(text);
  const texts = await Promise.all([...all, second, joining]);
  expect(texts).toEqual(["a1", "b1", "none 1", "none 2", "a2", "a2"]);
});

test("a message without a conversation gets one of its own, which goes back with the answer", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const backend = backendOf();
  await using bridge = await TestPush.start(platform, { backend });
  const one = await bridge.post(saying("one"));
  const two = await bridge.post(saying("two"));
  const [first, second] = backend.requests.map(({ contextId }) => contextId);
  expect(first).toBeString();
  expect(first).not.toBe(second as string);
  expect([one, two].map(({ body }) => body.result.contextId)).toEqual([first, second]);
});

test("a repeat joins the run that goes on, and later gets the answer that was kept, also after a restart", async () => {
  using folder = tmpFolder();
  await using platform = withSecret(new ScriptedPlatform());
  const { backend, until, letGo } = held();
  const same = { messageId: "same" };
  let kept: any;
  {
    await using bridge = await TestPush.start(platform, { backend, stateDir: folder.path });
    const first = bridge.post(saying("hello", same));
    await until(1);
    const repeat = bridge.post(saying("hello", same));
    await bridge.until("push-repeat");
    letGo("hello");
    const [one, two] = await Promise.all([first, repeat]);
    expect(two.body.result).toEqual(one.body.result);
    expect((await bridge.post(saying("hello", same))).body.result).toEqual(one.body.result);
    kept = one.body.result;
  }
  await using next = await TestPush.start(platform, { backend, stateDir: folder.path });
  expect((await next.post({ ...saying("hello", same), id: 7 })).body).toEqual({
    jsonrpc: "2.0",
    id: 7,
    result: kept,
  });
  expect(backend.requests).toHaveLength(1);
});

test("the same id with another text is another message", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  await using bridge = await TestPush.start(platform);
  expect(await bridge.say("one", { messageId: "same" })).toBe("echo: one");
  expect(await bridge.say("two", { messageId: "same" })).toBe("echo: two");
});

test("who hangs up does not end the work: asked again, he gets its answer", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const { backend, until, letGo } = held();
  await using bridge = await TestPush.start(platform, { backend });
  const gone = new AbortController();
  const body = JSON.stringify(saying("hello", { messageId: "m" }));
  const hung = fetch(bridge.url, { method: "POST", body, signal: gone.signal }).catch(() => "gone");
  await until(1);
  gone.abort();
  expect(await hung).toBe("gone");
  letGo("hello");
  await bridge.until("answered");
  expect(await bridge.say("hello", { messageId: "m" })).toBe("hello");
  expect(backend.requests).toHaveLength(1);
});

test("an answer to us is shown to the backend, and its sender gets a word that asks for nothing", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const backend = backendOf();
  await using bridge = await TestPush.start(platform, { backend });
  const { body } = await bridge.post(
    saying("the answer", { role: "agent", metadata: { molecule_reply: { to: "ours" } } }),
  );
  expect(answer(body)).toBe("Noted.");
  expect(body.result.metadata.molecule_reply).toBeDefined();
  expect(backend.requests).toMatchObject([{ isReply: true, text: "the answer" }]);
  expect(bridge.of("noted")).toHaveLength(1);
});

test("with --on-reply skip the backend is not asked, and the sender gets his word all the same", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const backend = backendOf();
  await using bridge = await TestPush.start(platform, { backend, options: { onReply: "skip" } });
  const { body } = await bridge.post(saying("the answer", { role: "agent" }));
  expect(answer(body)).toBe("Noted.");
  expect(backend.requests).toEqual([]);
});

test("a message with nothing in it, and one to which there is nothing to say, are answered in words", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const backend = backendOf(() => ({ kind: "declined", reason: "nothing to add" }));
  await using bridge = await TestPush.start(platform, { backend });
  expect(await bridge.say("", { parts: [] })).toContain("holds no text or file that I can read");
  expect(backend.requests).toEqual([]);
  expect(await bridge.say("hello")).toContain("nothing to say");
});
