import { expect, test } from "bun:test";
import { Allowances } from "../../../src/fleet/allowances.ts";
import { ManualClock } from "../../harness/clock.ts";

test("workspaces of one organisation share what the platform allows, whatever their tokens", () => {
  const all = new Allowances(new ManualClock());
  const one = all.of({ orgId: "acme", token: "token-of-a" });
  expect(all.of({ orgId: "acme", token: "token-of-b" })).toBe(one);
  expect(all.of({ orgId: "other", token: "token-of-a" })).not.toBe(one);
  expect(all.of({ orgId: undefined, token: "token-of-a" })).not.toBe(one);
});

test("without an organisation each token has its own, and those without any share one", () => {
  const all = new Allowances(new ManualClock());
  const one = all.of({ orgId: undefined, token: "token-of-a" });
  expect(all.of({ orgId: undefined, token: "token-of-a" })).toBe(one);
  expect(all.of({ orgId: undefined, token: "token-of-b" })).not.toBe(one);
  const none = all.of({ orgId: undefined, token: undefined });
  expect(none).not.toBe(one);
  expect(all.of({ orgId: undefined, token: undefined })).toBe(none);
  // No name of an organisation is taken for a token.
  expect(all.of({ orgId: "token-of-a", token: undefined })).not.toBe(one);
});

test("processes that share an organisation have an even part of its limit each, and of a token all", () => {
  let processes = 1;
  const all = new Allowances(new ManualClock(), () => processes);
  const pauses = () =>
    [all.of({ orgId: "acme", token: "t" }), all.of({ orgId: undefined, token: "t" })].map((one) => {
      one.learn(600);
      return one.idleMs;
    });
  const [alone = 0] = pauses();
  expect(pauses()).toEqual([alone, alone]);
  processes = 3;
  const [shared = 0, own] = pauses();
  // A part of each third is set aside for heartbeats.
  expect(shared).toBeGreaterThan(alone * 3);
  expect(own).toBe(alone);
});
