import { expect, test } from "bun:test";
import { conversationOf } from "../../../src/backends/conversation.ts";
import { request } from "./support.ts";

const of = (over: Parameters<typeof request>[0]) => conversationOf(request(over));

test("a conversation is the sender's, by the context that he names", () => {
  const one = of({ peerId: "p", contextId: "c" });
  expect(of({ peerId: "p", contextId: "c", activityId: "another" })).toBe(one);
  const others = [
    of({ peerId: "q", contextId: "c" }),
    of({ peerId: "p", contextId: "d" }),
    of({ peerId: "p", contextId: undefined }),
    of({ sender: "canvas", peerId: undefined, contextId: "c" }),
    of({ sender: "unknown", peerId: undefined, contextId: "c" }),
    of({ workspaceId: "another", peerId: "p", contextId: "c" }),
    // No way to write two of them into each other.
    of({ peerId: 'p","c', contextId: "" }),
  ];
  expect(new Set([one, ...others]).size).toBe(1 + others.length);
});

test("senders whom nobody names share no conversation, unless they name its context", () => {
  const unknown = { sender: "unknown", peerId: undefined, contextId: undefined } as const;
  const one = of({ ...unknown, activityId: "1" });
  expect(of({ ...unknown, activityId: "1", attempt: 2 })).toBe(one);
  expect(of({ ...unknown, activityId: "2" })).not.toBe(one);
  expect(of({ ...unknown, activityId: "1", contextId: "c" })).toBe(
    of({ ...unknown, activityId: "2", contextId: "c" }),
  );
  // Whoever is known has one conversation without a context.
  const canvas = { ...unknown, sender: "canvas" } as const;
  expect(of({ ...canvas, activityId: "1" })).toBe(of({ ...canvas, activityId: "2" }));
});
