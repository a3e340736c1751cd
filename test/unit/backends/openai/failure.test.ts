import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import type { Outcome } from "../../../../src/backends/backend.ts";
import { withTurn, writeHistory } from "../../../../src/backends/openai/history.ts";
import { conversationOf } from "../../../../src/backends/conversation.ts";
import { createOpenai } from "../../../../src/backends/openai/create.ts";
import { openai } from "../../../../src/backends/openai/declaration.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { apiError, completion, OpenaiServer } from "../../../harness/openai-server.ts";
import { head, RawServer } from "../../../harness/raw-server.ts";
import { never, request, TestParts } from "../support.ts";

setDefaultTimeout(60_000);

const CANARY = "canary-0123456789";

let server: OpenaiServer;
beforeEach(() => {
  server = new OpenaiServer();
});
afterEach(() => {
  server[Symbol.dispose]();
  expect(server.violations).toEqual([]);
});

/** The outcome of a message, without the address of the server. */
async function run(
  given: string[] = [],
  { parts = new TestParts(), url = server.url, attempt = 1 } = {},
): Promise<Outcome> {
  const options = parseOptions(openai, [`base_url=${url}`, "model=small", ...given]);
  const outcome = await createOpenai(options, parts).run(request({ attempt }), never);
  return JSON.parse(JSON.stringify(outcome).replaceAll(url, "URL"));
}

const BUSY = "the agent's model is overloaded";
const SET_UP = "the agent can't answer until its operator has mended its set-up";
const UNACCEPTED = "the agent's model does not accept the message";

test.each([429, 500, 502, 503, 504, 529, 408])(
  "status %p asks for patience, for as long as the server says",
  async (status) => {
    server.next(apiError(status, "slow\ndown", {}, { "retry-after": "7" }));
    expect(await run()).toEqual({
      kind: "again",
      reason: `the model's server answered ${status}: slow down`,
      told: BUSY,
      retryAfterMs: 7_000,
      overloaded: true,
    });
  },
);

test.each<[string, Response, string, RegExp]>([
  ["401", apiError(401, "bad key"), "answered 401: bad key", /api_key=env:NAME/],
  ["402", apiError(402, "no funds"), "answered 402: no funds", /credit/],
  [
    "429 for want of credit",
    apiError(429, "You exceeded your current quota", { code: "insufficient_quota" }),
    "answered 429: You exceeded",
    /credit/,
  ],
  [
    "404 of no such service",
    new Response("404 page not found", { status: 404 }),
    "answered 404: 404 page not found; there seems to be no chat endpoint below URL",
    /\/v1/,
  ],
  [
    "405",
    new Response("<html>", { status: 405, headers: { "content-type": "text/html" } }),
    "answered 405: a web page; there seems to be",
    /\/v1/,
  ],
  ["407", new Response("", { status: 407 }), "answered 407", /proxy/],
  [
    "a parameter of the operator's",
    apiError(400, "Unsupported value", { param: "temperature" }),
    "answered 400: Unsupported value",
    /temperature=…/,
  ],
  [
    "a redirect to elsewhere",
    new Response(null, { status: 307, headers: { location: "https://elsewhere.example/v1" } }),
    "redirects (307) to https://elsewhere.example/v1, which is not followed",
    /base_url=…/,
  ],
])("only the operator can mend it: %s", async (_, answer, reason, hint) => {
  server.next(answer);
  expect(await run()).toEqual({
    kind: "operator",
    reason: expect.stringContaining(reason),
    told: SET_UP,
    hint: expect.stringMatching(hint),
  });
});

test.each<[string, Response, string]>([
  ["400", apiError(400, "bad input"), "the model's server answered 400: bad input"],
  ["422 of another form", Response.json({ detail: "no" }, { status: 422 }), "answered 422: no"],
  ["a bare text", Response.json({ error: "no" }, { status: 400 }), "answered 400: no"],
  ["an old form", Response.json({ message: "no" }, { status: 400 }), "answered 400: no"],
  [
    "what a moderator holds back",
    apiError(403, "Your input was flagged by moderation"),
    "answered 403: Your input was flagged",
  ],
  [
    "a model that a stranger's words name",
    apiError(400, "bad input: 'unknown model'"),
    "answered 400: bad input",
  ],
])("the message is at fault: %s", async (_, answer, reason) => {
  server.next(answer);
  expect(await run()).toEqual({
    kind: "failed",
    reason: expect.stringContaining(reason),
    told: UNACCEPTED,
  });
});

test.each([
  ["of vLLM", apiError(404, "The model `small` does not exist.", { type: "NotFoundError" })],
  ["of Ollama", apiError(404, 'model "small" not found, try pulling it first')],
  ["of OpenAI", apiError(404, "no access", { code: "model_not_found" })],
  ["of OpenRouter", apiError(400, "small is not a valid model ID")],
])("a model that is not there is told with those that are: %s", async (_, answer) => {
  using other = new OpenaiServer({ models: ["a", "b", "c", "d", "e", "f", "g"] });
  other.next(answer);
  expect(await run([], { url: other.url })).toEqual({
    kind: "operator",
    reason: "the server at URL has no model small; it has a, b, c, d, e, and 2 more",
    told: SET_UP,
    hint: expect.stringContaining("model=…"),
  });
});

test("a model that is not there, where no list is to be had", async () => {
  server.onModels = () => new Response("no", { status: 404 });
  server.next(apiError(404, "model not found"));
  expect(await run()).toMatchObject({ reason: "the server at URL has no model small" });
});

test("a server that is not there: the message is tried again, and the reason asks for it", async () => {
  using gone = new OpenaiServer();
  const { url } = gone;
  gone[Symbol.dispose]();
  expect(await run([], { url })).toEqual({
    kind: "again",
    reason: `nothing listens at ${new URL(url).host}: is the model's server running at URL?`,
    told: "the agent's model can't be reached at the moment",
    overloaded: true,
  });
});

test("a server that hangs up: a completion leaves nothing behind, so it is asked again", async () => {
  const ends = [
    "",
    head("200 OK", { "content-type": "application/json", "content-length": "100" }) + '{"choi',
  ];
  for (const said of ends) {
    using raw = new RawServer((socket) => socket.end(said));
    expect(await run([], { url: raw.url })).toMatchObject({
      kind: "again",
      reason: expect.stringMatching(/^no answer from URL: the connection was cut/),
      told: "the agent's model can't be reached at the moment",
    });
  }
});

const UNREAD = "the agent's model gave an answer that can't be read";

test.each<[string, Response, string]>([
  [
    "a web page",
    new Response("<html>log in</html>", { headers: { "content-type": "text/html" } }),
    "answered with a web page instead of JSON",
  ],
  ["half of it", new Response('{"choices":[{"mess'), "answered with something instead of JSON"],
  ["nothing", new Response(""), "answered with nothing instead of JSON"],
  [
    "a stream that was not asked for",
    new Response('data: {"choices":[]}\n\n', { headers: { "content-type": "text/event-stream" } }),
    "answered with a stream of events instead of JSON",
  ],
  [
    "an encoding that was not asked for",
    new Response(Bun.gzipSync(Buffer.from("{}")), { headers: { "content-encoding": "gzip" } }),
    "answered with an encoding that was not asked for",
  ],
  ["no choices", Response.json({ choices: [] }), "its list of choices is empty"],
  ["another form", Response.json({ response: "hi" }), "it names no choices"],
])("an answer that can't be read is asked for again: %s", async (_, answer, reason) => {
  server.next(answer);
  expect(await run()).toEqual({
    kind: "again",
    reason: expect.stringContaining(reason),
    told: UNREAD,
  });
});

test("an error under the status 200 is an error", async () => {
  const body = (error: unknown) => Response.json({ error });
  server.next(
    body({ code: 429, message: "slow down" }),
    body({ code: 401, message: "key" }),
    body("?"),
  );
  expect(await run()).toMatchObject({ kind: "again", overloaded: true });
  expect(await run()).toMatchObject({ kind: "operator" });
  expect(await run()).toMatchObject({
    kind: "again",
    reason: "the model's server answered 502: ?",
    overloaded: true,
  });
});

/** A half answer of a provider that failed. */
const half = (choice: object, more: object = {}) =>
  Response.json({
    choices: [{ finish_reason: "stop", message: { content: "The answer is 4" }, ...choice }],
    ...more,
  });

test.each<[string, () => Response, Outcome["kind"], string]>([
  [
    "an error in its choice",
    () => half({ finish_reason: "error", error: { code: 502, message: "disconnected" } }),
    "again",
    "the model's server answered 502: disconnected",
  ],
  [
    "an error next to its choices",
    () => half({ finish_reason: null }, { error: { code: 429, message: "slow down" } }),
    "again",
    "the model's server answered 429: slow down",
  ],
  [
    "an error of the operator's",
    () => half({ error: { code: "401", message: "no" } }),
    "operator",
    "the model's server answered 401: no",
  ],
  [
    "an error of the message",
    () => half({ error: { code: 400, message: "bad" } }),
    "failed",
    "the model's server answered 400: bad",
  ],
  [
    "no word on why",
    () => half({ finish_reason: "error" }),
    "again",
    "the model's server answered 502: the answer was broken off (error)",
  ],
  [
    "a server that was ended",
    () => half({ finish_reason: "abort" }),
    "again",
    "the model's server answered 502: the answer was broken off (abort)",
  ],
  [
    "an error of no depth that can be written",
    () => {
      const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
      return new Response(`{"choices":[{"message":{"content":"4"},"error":${deep}}]}`);
    },
    "again",
    "the model's server answered 502: ",
  ],
])("a completion that was broken off is no answer: %s", async (_, answer, kind, reason) => {
  const parts = new TestParts();
  server.next(answer);
  const outcome = await run([], { parts });
  expect(outcome).toMatchObject({ kind, reason: expect.stringContaining(reason) });
  expect(JSON.stringify(outcome)).not.toContain("The answer is 4");
  expect(parts.memory.kept.size).toBe(0);
});

test.each([null, false, ""])("an error of %j is none", async (error) => {
  server.next(half({ error }, { error }));
  expect(await run()).toEqual({ kind: "answer", text: "The answer is 4" });
});

const blocked = () =>
  new Response("<html>blocked</html>", { status: 403, headers: { "content-type": "text/html" } });
const UNFIT: Outcome = {
  kind: "failed",
  reason: "the model's server answered 403: a web page",
  told: UNACCEPTED,
};

test("a 403 is about the message where the key is good without one", async () => {
  server.next(blocked);
  expect(await run()).toEqual(UNFIT);
  expect(server.listed).toBe(1);
});

test.each([401, 403])("a 403 is about the key where the list is refused by %p", async (status) => {
  const backend = createOpenai(
    parseOptions(openai, [`base_url=${server.url}`, "model=small"]),
    new TestParts(),
  );
  server.onModels = () => new Response("", { status });
  expect((await backend.run(request(), never)).kind).toBe("answer");
  server.next(blocked);
  expect((await backend.run(request({ activityId: "act-2" }), never)).kind).toBe("operator");
});

test("a 403 where there is no list is about the message once there was an answer", async () => {
  const backend = createOpenai(
    parseOptions(openai, [`base_url=${server.url}`, "model=small"]),
    new TestParts(),
  );
  server.onModels = () => new Response("", { status: 404 });
  server.next(blocked);
  expect((await backend.run(request(), never)).kind).toBe("operator");
  expect((await backend.run(request(), never)).kind).toBe("answer");
  server.next(blocked);
  expect(await backend.run(request({ activityId: "act-2" }), never)).toEqual(UNFIT);
});

test("a stop while the list is asked for is a stop, and no matter of the operator's", async () => {
  const backend = createOpenai(
    parseOptions(openai, [`base_url=${server.url}`, "model=small"]),
    new TestParts(),
  );
  const abort = new AbortController();
  server.onModels = () => {
    abort.abort();
    return new Response("", { status: 401 });
  };
  server.next(blocked);
  expect(await backend.run(request(), abort.signal)).toEqual({ kind: "stopped" });
});

test("a 403 for want of credit is the operator's, whatever the list says", async () => {
  server.next(apiError(403, "no", { code: "insufficient_balance" }));
  expect(await run()).toMatchObject({ kind: "operator", hint: expect.stringMatching(/credit/) });
});

test("a model that says nothing is asked thrice in all", async () => {
  const told = "the agent's model gave no answer";
  server.says("", " ", "<think>hm</think>");
  expect(await run()).toEqual({ kind: "again", reason: "the model said nothing", told });
  expect(await run([], { attempt: 2 })).toMatchObject({ kind: "again" });
  expect(await run([], { attempt: 3 })).toEqual({
    kind: "failed",
    reason: "the model said nothing",
    told,
  });
});

test.each<[string, () => Response, string, string]>([
  [
    "it refuses",
    () => completion({ content: null, refusal: "I can't\nhelp" }),
    "the model refused the message, or what it would have said was withheld: I can't help",
    "the agent's model refuses to answer this",
  ],
  [
    "its words are withheld",
    () => completion({ content: "half" }, "content_filter"),
    "the model refused the message, or what it would have said was withheld",
    "the agent's model refuses to answer this",
  ],
  [
    "it wants a tool",
    () => completion({ content: null, tool_calls: [{ id: "1" }] }, "tool_calls"),
    "the model asked for a tool instead of answering, and there are none",
    "the agent's model gave no answer",
  ],
  [
    "it thinks for too long",
    () => completion({ content: "", reasoning_content: "hm" }, "length"),
    "the model came to its limit of tokens before it said anything; --backend-opt max_tokens=… gives it more",
    "the agent's model gave no answer",
  ],
])("there is no answer, and to ask again would not help: %s", async (_, answer, reason, told) => {
  const parts = new TestParts();
  server.next(answer);
  expect(await run([], { parts })).toEqual({ kind: "failed", reason, told });
  expect(parts.memory.kept.size).toBe(0);
});

test("an answer that has no end is left once it is too long to be one", async () => {
  const closed = Promise.withResolvers<void>();
  let sent = 0;
  server.next(
    () =>
      new Response(
        new ReadableStream({
          pull(stream) {
            sent += 65_536;
            stream.enqueue(Buffer.alloc(65_536, " "));
          },
          cancel: () => closed.resolve(),
        }),
      ),
  );
  expect(await run(["max_answer=1k"])).toEqual({
    kind: "failed",
    reason:
      "the model's server sent more than an answer can be; --backend-opt max_answer=… allows more",
    told: UNREAD,
  });
  await closed.promise;
  expect(sent).toBeLessThan(64 * 1024 * 1024);
});

/** A conversation of four turns. */
function conversation(): TestParts {
  const parts = new TestParts();
  const limits = { turns: 20, bytes: 65_536 };
  const turns = ["a", "b", "c", "d"].reduce<ReturnType<typeof withTurn>>(
    (all, id) => withTurn(all, { id, user: id, assistant: id }, limits),
    [],
  );
  parts.memory.kept.set(conversationOf(request()), writeHistory(turns));
  return parts;
}

const TOO_LONG: [string, Response][] = [
  [
    "OpenAI",
    apiError(400, "This model's maximum context length is 4096 tokens.", {
      code: "context_length_exceeded",
    }),
  ],
  [
    "llama.cpp",
    apiError(400, "the request exceeds the available context size", {
      type: "exceed_context_size_error",
    }),
  ],
  ["a gateway", new Response("", { status: 413 })],
];

test.each(TOO_LONG)(
  "too long for the model: once more with half of it (%s)",
  async (_, refusal) => {
    const parts = conversation();
    server.next(refusal);
    expect(await run([], { parts })).toMatchObject({ kind: "answer" });
    expect(server.requests.map(({ messages }) => messages.length)).toEqual([9, 5]);
    expect(server.last.slice(0, 2).map(({ content }) => content)).toEqual(["c", "c"]);
    expect(parts.notes).toEqual([
      "the conversation is too long for the model: its older half is left out",
    ]);
    // The next message does not meet the same limit again.
    await run([], { parts });
    expect(server.requests.map(({ messages }) => messages.length)).toEqual([9, 5, 5]);
  },
);

test("too long for the model even so, or without a conversation: failed", async () => {
  const refuse = () => apiError(400, "prompt is too long: 9000 tokens > 4096 maximum");
  server.next(refuse, refuse, refuse);
  const outcome = {
    kind: "failed",
    reason: "the model's server answered 400: prompt is too long: 9000 tokens > 4096 maximum",
    told: "the message is too long for the agent's model",
  };
  expect(await run([], { parts: conversation() })).toEqual(outcome as Outcome);
  expect(server.requests).toHaveLength(2);
  expect(await run()).toEqual(outcome as Outcome);
  expect(server.requests).toHaveLength(3);
});

test("a redirect within the server is followed with the whole message", async () => {
  server.next((_, raw) => {
    expect(raw.url).toEndWith("/v1/chat/completions");
    return new Response(null, { status: 308, headers: { location: "/v1/chat/completions" } });
  });
  expect(await run()).toMatchObject({ kind: "answer" });
  expect(server.requests).toHaveLength(2);
});

test("a redirect to another origin does not carry the key there", async () => {
  using thief = new OpenaiServer();
  server.next(
    new Response(null, { status: 307, headers: { location: `${thief.url}/chat/completions` } }),
  );
  const parts = new TestParts({ KEY: CANARY });
  using guarded = new OpenaiServer({ key: CANARY });
  guarded.next(
    new Response(null, { status: 307, headers: { location: `${thief.url}/chat/completions` } }),
  );
  expect(await run(["api_key=env:KEY"], { parts, url: guarded.url })).toMatchObject({
    kind: "operator",
  });
  expect(await run()).toMatchObject({ kind: "operator" });
  expect(thief.requests).toEqual([]);
});

test("nothing that the server repeats of a key is told to anybody", async () => {
  const long = "x".repeat(290);
  for (const status of [400, 401, 404, 413, 429, 500]) {
    using guarded = new OpenaiServer({ key: CANARY, models: [CANARY] });
    guarded.next(apiError(status, `${long} ${CANARY} model`));
    const parts = new TestParts({ KEY: CANARY });
    const outcome = await run(["api_key=env:KEY"], { parts, url: guarded.url });
    expect(outcome.kind).not.toBe("answer");
    expect(JSON.stringify([outcome, parts.notes])).not.toContain("canary");
  }
});

test("what is told to the asker holds neither address nor words of the server", async () => {
  for (const status of [400, 401, 402, 403, 404, 413, 429, 500]) {
    server.next(apiError(status, "words of the server"));
    const outcome = await run();
    if (!("told" in outcome)) throw new Error("nothing is told");
    expect(outcome.told).not.toMatch(/words of|URL|127\.0|\d{3}/);
  }
});
