import { expect, test } from "bun:test";
import { ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { TestBridge } from "../../harness/bridge.ts";

test("a silent answer is ended by our own deadline, not by the runtime's limit of six minutes", async () => {
  const original = globalThis.fetch;
  const limits: unknown[] = [];
  const watching = (input: string | URL | Request, init?: RequestInit & { timeout?: unknown }) => {
    limits.push(init?.timeout);
    return original(input, init);
  };
  globalThis.fetch = watching as typeof fetch;
  try {
    await using platform = new ScriptedPlatform();
    await using bridge = new TestBridge(platform.url, { options: { once: true } });
    expect(await bridge.ended).toBeUndefined();
  } finally {
    globalThis.fetch = original;
  }
  expect(limits.length).toBeGreaterThan(2);
  expect(new Set(limits)).toEqual(new Set([false]));
});
