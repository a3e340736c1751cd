import { describe, expect, test } from "bun:test";
import type { Verdict } from "../../../src/platform/platform.ts";
import { clientFor, failureOf } from "../../harness/client.ts";
import { PEER, ScriptedPlatform } from "../../harness/scripted-platform.ts";

describe("the name of a peer", () => {
  test("is what the platform calls it", async () => {
    await using platform = new ScriptedPlatform();
    expect(await clientFor(platform.url).peerName(PEER)).toBe("peer");
  });

  test.each([
    [404, { error: "workspace not found" }],
    [410, { error: "workspace removed" }],
    [403, { error: "no" }],
    [200, { name: "" }],
    [200, { name: { a: 1 } }],
    [200, []],
  ])("is none after a %i with %j", async (status, body) => {
    await using platform = new ScriptedPlatform();
    platform.on("peer", () => Response.json(body, { status }));
    expect(await clientFor(platform.url).peerName(PEER)).toBeUndefined();
  });

  test.each<[number, object, Verdict]>([
    [401, { error: "who are you" }, "unauthorized"],
    [400, { error: "invalid workspace ID" }, "permanent"],
    [500, { error: "down" }, "transient"],
    [429, { error: "rate limit exceeded" }, "transient"],
  ])("is not known after a %i with %j", async (status, body, verdict) => {
    await using platform = new ScriptedPlatform();
    platform.on("peer", () => Response.json(body, { status }));
    expect((await failureOf(clientFor(platform.url).peerName(PEER))).verdict).toBe(verdict);
  });

  test("is not known where a 404 is none of the platform's own", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("peer", () => new Response(null, { status: 404 }));
    const client = clientFor(platform.url);
    expect((await failureOf(client.peerName(PEER))).verdict).toBe("misaddressed");
    const headers = { "content-type": "text/html" };
    platform.on("peer", () => new Response("<html>", { status: 404, headers }));
    expect((await failureOf(client.peerName(PEER))).verdict).toBe("transient");
  });

  test("is no longer than a platform allows", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("peer", () => Response.json({ name: "n".repeat(100_000) }));
    expect(await clientFor(platform.url).peerName(PEER)).toBe("n".repeat(255));
  });
});
