/** What pushes do in one revision only. */
import { expect, test } from "bun:test";
import { lab } from "./lab.ts";
import { lookUntil } from "../../harness/wait.ts";
import { Agent, registerPush } from "./push-agent.ts";

test("revision 1 tells the canvas user nothing before the agent answers", async () => {
  await using at = await lab({ revision: "r1" });
  const target = await at.member("target");
  const { promise, resolve } = Promise.withResolvers<void>();
  using agent = new Agent(() => promise.then(() => Response.json({ result: "done" })));
  await registerPush(at, target, agent.url);
  const waiting = at.clock.sleepers;
  const canvas = at.send("canvas", target, "work");
  // The wait for the headers of the answer, and no other.
  await lookUntil(() => agent.calls.length === 1 && at.clock.sleepers === waiting + 1);
  at.clock.advance(90_000);
  resolve();
  expect((await canvas).body).toEqual({ result: "done" });
});

test("revision 1 gives up on an agent that sends no headers for 180 s (2.4.5)", async () => {
  await using at = await lab({ revision: "r1" });
  const target = await at.member("target");
  using agent = new Agent(() => new Promise(() => {}));
  await registerPush(at, target, agent.url);
  const waiting = at.clock.sleepers;
  const sent = at.send("canvas", target, "work");
  await lookUntil(() => agent.calls.length === 1 && at.clock.sleepers > waiting);
  at.clock.advance(180_000);
  const answer = await sent;
  expect([answer.status, answer.body.error]).toEqual([502, "failed to reach workspace agent"]);
});

test.each([
  ["r1", 10],
  ["r2", 64],
] as const)(
  "an answer for %s may have %i MiB",
  async (revision, mebibytes) => {
    await using at = await lab({ revision });
    const target = await at.member("target");
    let size = mebibytes * 1024 * 1024;
    using agent = new Agent(() => new Response(`"${"x".repeat(size - 2)}"`));
    await registerPush(at, target, agent.url);
    expect((await at.send("canvas", target, "work")).status).toBe(200);
    size += 1;
    const answer = await at.send("canvas", target, "work");
    expect([answer.status, answer.body.error]).toEqual([502, "failed to read agent response"]);
  },
  60_000,
);

test("revision 1 shows the agent no secret, and so waits for none (5.3)", async () => {
  await using at = await lab({ revision: "r1" });
  using agent = new Agent(() => Response.json({ result: 1 }));
  const target = await at.member("target", { delivery_mode: "push", url: agent.url });
  expect((await at.send("canvas", target, "work")).status).toBe(200);
  expect(agent.calls[0]?.headers.get("authorization")).toBeNull();
});
