import { describe, expect, test } from "bun:test";
import { OpenRequests, requestCap } from "../../../src/bridge/open-requests.ts";

function takeAll(requests: OpenRequests, kind: "stream" | "post"): (() => void)[] {
  const taken = [];
  for (let release = requests.take(kind); release !== undefined; release = requests.take(kind)) {
    taken.push(release);
  }
  return taken;
}

describe("requests that are held open", () => {
  test("leave room for short ones, and streams leave some for answers", () => {
    const requests = new OpenRequests(256);
    const streams = takeAll(requests, "stream");
    expect(streams).toHaveLength(200);
    expect(takeAll(requests, "post")).toHaveLength(24);
    expect(requests.hasRoom("post")).toBe(false);
  });

  test("of backends count, too", () => {
    expect(takeAll(new OpenRequests(256, 150), "stream")).toHaveLength(50);
    expect(takeAll(new OpenRequests(256, 1_000), "stream")).toHaveLength(0);
    expect(takeAll(new OpenRequests(256, 1_000), "post")).toHaveLength(1);
  });

  test("are given back once", () => {
    const requests = new OpenRequests(256);
    const [release] = takeAll(requests, "stream");
    release?.();
    release?.();
    expect(takeAll(requests, "stream")).toHaveLength(1);
  });

  test("tell who waits for room", async () => {
    const requests = new OpenRequests(34);
    const [release] = takeAll(requests, "post");
    const freed = requests.freed.wait(new AbortController().signal);
    release?.();
    await freed;
    expect(requests.hasRoom("post")).toBe(true);
  });

  test.each([
    [undefined, 256],
    ["", 256],
    ["0", 256],
    ["many", 256],
    ["-1", 256],
    ["1000", 1_000],
    ["999999", 65_336],
  ])("are as many as the environment allows: %p", (text, most) => {
    expect(requestCap({ BUN_CONFIG_MAX_HTTP_REQUESTS: text })).toBe(most);
  });
});
