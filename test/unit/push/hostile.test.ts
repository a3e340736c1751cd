/** Junk of every kind over a real socket: no request brings the bridge down, or learns anything. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { backendOf } from "../../harness/bridge.ts";
import { ScriptedPlatform, TOKEN } from "../../harness/scripted-platform.ts";
import { bearer, saying, SECRET, TestPush, withSecret } from "./support.ts";

test("whatever is sent, the answer is JSON or an empty 404, and the next message is answered", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  await using bridge = await TestPush.start(platform, { options: { concurrency: 8 } });
  const end = bridge.url.split("/").at(-1) as string;
  const body = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    fc.record(
      {
        jsonrpc: fc.constant("2.0"),
        id: fc.jsonValue(),
        method: fc.oneof(fc.constantFrom("message/send", "SendMessage"), fc.string()),
        params: fc.oneof(
          fc.jsonValue(),
          fc.record({ message: fc.dictionary(fc.string(), fc.jsonValue()) }),
          fc.record({
            message: fc.record({
              messageId: fc.jsonValue(),
              contextId: fc.jsonValue(),
              metadata: fc.jsonValue(),
              parts: fc.oneof(fc.array(fc.jsonValue()), fc.array(fc.record({ text: fc.string() }))),
            }),
          }),
        ),
      },
      { requiredKeys: [] },
    ),
  );
  const path = fc.oneof(
    { weight: 5, arbitrary: fc.constant(`/${end}`) },
    { weight: 1, arbitrary: fc.webPath() },
  );
  const authorization = fc.option(fc.stringMatching(/^[\x21-\x7e]{1,40}$/), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(body, path, authorization, async (sent, at, shown) => {
      const { status, text, body } = await bridge.post(sent, {
        url: `http://127.0.0.1:${bridge.port}${at}`,
        headers: shown === undefined ? {} : { authorization: shown },
      });
      if (at !== `/${end}`) return expect([status, text]).toEqual([404, ""]);
      expect([200, 401]).toContain(status);
      expect(body).toBeObject();
      for (const secret of [SECRET, TOKEN, end]) expect(text).not.toContain(secret);
      return undefined;
    }),
    { numRuns: 300 },
  );
  expect(await bridge.say("still there")).toBe("echo: still there");
  expect(JSON.stringify(bridge.events)).not.toContain(end);
}, 60_000);

test("a body that never ends its sentence holds nobody else up", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  await using bridge = await TestPush.start(platform, { options: { graceMs: 0 } });
  const { pathname, port } = new URL(bridge.url);
  const head = `POST ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"a":`;
  const slow = await Promise.all(
    Array.from({ length: 50 }, () =>
      Bun.connect({
        hostname: "127.0.0.1",
        port: Number(port),
        socket: { open: (socket) => void socket.write(head), data() {} },
      }),
    ),
  );
  expect(await bridge.say("hello")).toBe("echo: hello");
  for (const socket of slow) socket.end();
});

test("16 MiB are taken, a byte more is refused before anything is run", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const backend = backendOf(({ text }) => ({ kind: "answer", text: String(text.length) }));
  await using bridge = await TestPush.start(platform, { backend });
  const frame = JSON.stringify(saying(""));
  const fill = (size: number) => frame.replace('"text":""', `"text":"${"x".repeat(size)}"`);
  const most = 16 * 1024 * 1024 - frame.length;
  const taken = await bridge.post(fill(most));
  expect(taken.body.result.parts[0].text).toBe(String(most));
  const refused = await bridge.post(fill(most + 1));
  expect([refused.status, refused.body]).toEqual([
    413,
    { error: "the body is larger than 16 MiB" },
  ]);
  expect(backend.requests).toHaveLength(1);
}, 30_000);

test("millions of small values are refused in words, and hold nobody up", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  const backend = backendOf();
  await using bridge = await TestPush.start(platform, { backend });
  const frame = JSON.stringify(saying("hi", { metadata: "here" }));
  for (const value of ["{},", "[],", "0,", '"",', '{"a":1},']) {
    const count = Math.floor((15 * 1024 * 1024) / value.length);
    const { status, body } = await bridge.post(
      frame.replace('"here"', `{"a":[${value.repeat(count)}0]}`),
    );
    expect([status, body.error]).toEqual([
      200,
      { code: -32600, message: "the JSON holds more than 200,000 values" },
    ]);
  }
  expect(backend.requests).toEqual([]);
  expect(await bridge.say("still there")).toBe("echo: still there");
  const many = saying("many", { metadata: { a: Array.from({ length: 190_000 }, () => ({})) } });
  expect((await bridge.post(many)).body.error).toBeDefined();
  const fewer = saying("fewer", { metadata: { a: Array.from({ length: 90_000 }, () => ({})) } });
  expect((await bridge.post(fewer)).body.result.parts[0].text).toBe("echo: fewer");
}, 30_000);

test("names that mean something to objects are only names", async () => {
  await using platform = withSecret(new ScriptedPlatform());
  await using bridge = await TestPush.start(platform);
  for (const name of ["__proto__", "constructor", "toString"]) {
    expect(await bridge.say("hi", { contextId: name, messageId: name })).toBe("echo: hi");
    expect(await bridge.say("hi", { contextId: name, messageId: name })).toBe("echo: hi");
  }
  expect((await bridge.post(saying("hi"), bearer("__proto__"))).status).toBe(401);
});
