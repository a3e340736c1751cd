import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Failure, Verdict } from "../../../src/platform/platform.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { clientFor, failureOf } from "../../harness/client.ts";
import { head, RawServer } from "../../harness/raw-server.ts";
import { ScriptedPlatform, TOKEN } from "../../harness/scripted-platform.ts";

type Headers = { [name: string]: string };

const JSON_TYPE = "application/json; charset=utf-8";
const PAGE = "<!doctype html><title>Sign in</title>";

/** The failure of a call that is answered so; a body that is no text is sent as JSON. */
async function answered(status: number, body: unknown, type = JSON_TYPE, headers: Headers = {}) {
  await using platform = new ScriptedPlatform();
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const all = { "content-type": type, ...headers };
  platform.on("state", () => new Response(Buffer.from(text), { status, headers: all }));
  return await failureOf(clientFor(platform.url).state());
}

describe("the verdict on an answer", () => {
  const TENANT = { error: "no tenant", code: "TENANT_ORG_HEADER_REQUIRED" };

  // status, type, body, verdict, exit code
  test.each<[number, string, unknown, Verdict, number]>([
    [400, JSON_TYPE, { error: "bad" }, "permanent", 1],
    [400, JSON_TYPE, TENANT, "misaddressed", 2],
    [400, JSON_TYPE, "", "permanent", 1],
    [400, "text/html", PAGE, "transient", 4],
    [401, JSON_TYPE, { error: "invalid workspace auth token" }, "unauthorized", 3],
    [401, JSON_TYPE, "", "unauthorized", 3],
    [401, JSON_TYPE, TENANT, "unauthorized", 3],
    [401, "text/html", PAGE, "transient", 4],
    [402, JSON_TYPE, { error: "budget" }, "permanent", 1],
    [403, JSON_TYPE, { error: "access denied" }, "forbidden", 3],
    [403, "text/html", PAGE, "transient", 4],
    [404, JSON_TYPE, { error: "workspace not found" }, "permanent", 1],
    [404, JSON_TYPE, "", "misaddressed", 2],
    [404, "text/html", PAGE, "transient", 4],
    [404, "text/plain", "404 page not found", "transient", 4],
    [405, JSON_TYPE, {}, "permanent", 1],
    [408, JSON_TYPE, {}, "transient", 4],
    [409, JSON_TYPE, {}, "permanent", 1],
    [410, JSON_TYPE, { error: "workspace removed" }, "gone", 5],
    [410, JSON_TYPE, "", "gone", 5],
    [410, "text/html", PAGE, "transient", 4],
    [413, JSON_TYPE, { error: "too large" }, "permanent", 1],
    [413, "text/html", PAGE, "permanent", 1],
    [422, "application/problem+json", { detail: "no" }, "permanent", 1],
    [425, JSON_TYPE, {}, "transient", 4],
    [429, JSON_TYPE, { error: "rate limit exceeded", retry_after: 7 }, "transient", 4],
    [500, JSON_TYPE, { error: "registration failed" }, "transient", 4],
    [501, JSON_TYPE, {}, "transient", 4],
    [502, "text/html", PAGE, "transient", 4],
    [503, JSON_TYPE, { error: "restarting" }, "transient", 4],
    [503, JSON_TYPE, "", "transient", 4],
    [504, "text/html", PAGE, "transient", 4],
    [599, JSON_TYPE, {}, "transient", 4],
    [400, JSON_TYPE, '{"error":"cut o', "transient", 4],
    [200, "text/html", PAGE, "transient", 4],
    [200, JSON_TYPE, '{"status":"onl', "transient", 4],
    [200, JSON_TYPE, '"a text"', "transient", 4],
    [200, JSON_TYPE, "", "transient", 4],
  ])("%i %s %j is %s, exit %i", async (status, type, body, verdict, exitCode) => {
    const error = await answered(status, body, type);
    expect(error).toMatchObject({ name: "PlatformError", verdict, exitCode, failure: { status } });
    expect(error.failure.unknownOutcome).toBeFalsy();
  });

  test.each<[string, string, Verdict]>([
    ["404 Not Found", "", "misaddressed"],
    ["422 Unprocessable", '{"error":"no"}', "permanent"],
    ["422 Unprocessable", PAGE, "transient"],
    ["204 No Content", "", "transient"],
  ])(
    "takes what names no type for JSON, if it is any: %s %j is %s",
    async (status, body, verdict) => {
      const length = String(Buffer.byteLength(body));
      using server = new RawServer((s) => s.end(head(status, { "content-length": length }) + body));
      expect((await failureOf(clientFor(server.url).state())).verdict).toBe(verdict);
    },
  );

  test("calls an answer unreadable only where a smaller one may be readable", async () => {
    expect((await answered(200, '{"a":')).failure.unreadable).toBe(true);
    expect((await answered(200, PAGE, "text/html")).failure.unreadable).toBeFalsy();
    expect((await answered(200, "")).failure.unreadable).toBeFalsy();
    expect((await answered(500, '{"a":')).failure.unreadable).toBeFalsy();
  });

  test.each<[unknown, boolean]>([
    [{ error: "failed to read agent response", delivery_confirmed: true }, true],
    [{ error: "failed to reach workspace agent" }, false],
    [{ delivery_confirmed: "true" }, false],
    [{ delivery_confirmed: 1 }, false],
    [[{ delivery_confirmed: true }], false],
  ])("takes a 502 that says %j for delivered: %p", async (body, confirmed) => {
    expect((await answered(502, body)).failure.deliveryConfirmed).toBe(confirmed);
  });

  test("gives a hint where the address or the tenant is wrong", async () => {
    const hint = /--api-url.*--org-id/;
    expect((await answered(404, "")).hint).toMatch(hint);
    expect((await answered(400, TENANT)).hint).toMatch(hint);
    expect((await answered(404, { error: "no" })).hint).toContain("workspace id");
    expect((await answered(200, PAGE, "text/html")).hint).toContain("--api-url");
  });
});

describe("the time that the platform asks for", () => {
  test.each<[string, Headers, unknown, Failure["retryAfterMs"]]>([
    ["is in the header", { "retry-after": "15" }, {}, 15_000],
    ["may be 0", { "retry-after": "0" }, {}, 0],
    ["may be in the body alone", {}, { busy: true, retry_after: 30 }, 30_000],
    ["is the header's before the body's", { "retry-after": "15" }, { retry_after: 30 }, 15_000],
    [
      "is the body's where the header is rubbish",
      { "retry-after": "x" },
      { retry_after: 3 },
      3_000,
    ],
    ["is none where nothing is said", {}, {}, undefined],
    ["is none where the body says it in words", {}, { retry_after: "30" }, undefined],
  ])("%s", async (_, headers, body, ms) => {
    for (const status of [429, 503]) {
      const error = await answered(status, body, JSON_TYPE, headers);
      expect(error.failure.retryAfterMs).toBe(ms);
    }
  });
});

describe("the message of a failure", () => {
  test.each<[string, unknown, string]>([
    ["its error", { error: "access denied" }, "access denied"],
    ["the message of its error", { error: { code: -1, message: "inner words" } }, "inner words"],
    ["its message", { message: "just words" }, "just words"],
    ["its hint", { error: "bad", hint: "send parts" }, "bad; send parts"],
    ["its detail", { error: "bad", detail: "no parts" }, "bad; no parts"],
    ["that it gave none", {}, "no explanation"],
    ["that a list is none", ["error"], "no explanation"],
    ["that it was empty", "", "no explanation"],
  ])("holds the platform's own words: %s", async (_, body, words) => {
    expect((await answered(403, body)).message).toBe(`looking up the workspace: 403 (${words})`);
  });

  test.each<[number, string, string, string]>([
    [
      502,
      "text/html; charset=utf-8",
      PAGE,
      "looking up the workspace: 502 (an answer of type text/html instead of JSON)",
    ],
    [502, JSON_TYPE, "{", "looking up the workspace: 502 (an answer that is broken JSON)"],
    [
      200,
      "text/html",
      PAGE,
      "looking up the workspace: 200, but an answer of type text/html instead of JSON",
    ],
    [200, JSON_TYPE, "{", "looking up the workspace: 200, but an answer that is broken JSON"],
    [200, JSON_TYPE, "", "looking up the workspace: 200, but an empty body"],
  ])(
    "of a %i of type %s that holds %j says what came instead",
    async (status, type, body, said) => {
      expect((await answered(status, body, type)).message).toBe(said);
    },
  );

  test("is one short line without control characters, whatever the platform says", async () => {
    const hostile = `forged\n\u001b[31mERROR\u202e ${"long ".repeat(2_000)}`;
    for (const body of [
      { error: hostile },
      { error: { message: hostile }, hint: hostile, detail: hostile },
    ]) {
      const { message } = await answered(400, body);
      expect(message).toStartWith(
        "looking up the workspace: 400 (forged \\u001b[31mERROR\\u202e long long",
      );
      expect(message.length).toBeLessThan(350);
      expect(message).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    }
  });

  test("does not repeat the token, though the platform does, in any form", async () => {
    await using platform = new ScriptedPlatform();
    const secrets = new Secrets();
    secrets.add(TOKEN);
    const error = `no such token ${TOKEN}, ${btoa(TOKEN)}`;
    platform.on("state", () => Response.json({ error, hint: TOKEN }, { status: 401 }));
    const { message } = await failureOf(clientFor(platform.url, { secrets }).state());
    expect(message).toEndWith(": 401 (no such token [secret], [secret]; [secret])");
  });

  test("stays short with a content type without end", async () => {
    const { message } = await answered(502, "x", `text/${"a".repeat(5_000)}`);
    expect(message.length).toBeLessThan(120);
  });
});

test("every answer that is not a good one fails as calls do, whatever its body is", async () => {
  await using platform = new ScriptedPlatform();
  let next: { status: number; body: string } = { status: 200, body: "" };
  const headers = { "content-type": "application/json" };
  platform.on(
    "state",
    () => new Response(Buffer.from(next.body), { status: next.status, headers }),
  );
  const client = clientFor(platform.url);
  const keys = fc.constantFrom("error", "message", "hint", "code", "retry_after", "__proto__");
  const bodies = fc.oneof(
    fc.json(),
    fc.string({ unit: "binary" }),
    fc.dictionary(keys, fc.jsonValue()).map((value) => JSON.stringify(value)),
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 400, max: 599 }), bodies, async (status, body) => {
      next = { status, body };
      const error = await failureOf(client.state());
      expect(error.failure.status).toBe(status);
      expect(error.message).not.toMatch(/[\r\n\u001b]/);
      if (status >= 500 || status === 429) expect(error.verdict).toBe("transient");
    }),
    { numRuns: 100 },
  );
});
