/** When a request may take its time: its connection is not closed for being silent meanwhile. */
import { expect, test } from "bun:test";
import { BUSY, type Ending } from "../../../src/push/answers.ts";
import { Bodies } from "../../../src/push/body.ts";
import { Credential } from "../../../src/push/credential.ts";
import { Handler } from "../../../src/push/handler.ts";
import { Paths } from "../../../src/push/paths.ts";
import { Refusals } from "../../../src/push/refusals.ts";
import { systemClock } from "../../../src/shared/clock.ts";
import { saying, TestMemory } from "./support.ts";

function handler(take: () => Promise<Ending>) {
  const clock = systemClock;
  const told: unknown[] = [];
  const emit = (event: unknown) => void told.push(event);
  const made = new Handler({
    workspaceId: "w",
    clock,
    paths: new Paths(new URL("http://localhost"), "secret"),
    credential: new Credential({
      ...{ memory: new TestMemory(), clock },
      onSecured: () => {},
      onUnsecured: () => emit("unsecured"),
    }),
    bodies: new Bodies(clock),
    desk: { take },
    refusals: new Refusals({ clock, emit }),
  });
  made.open();
  const calls: string[] = [];
  const patience = { begin: () => void calls.push("begin"), end: () => void calls.push("end") };
  const ask = (body: string) =>
    made.handle(new Request("http://localhost/secret", { method: "POST", body }), patience);
  return { ask, calls, told };
}

test("a message may take its time until its ending is known", async () => {
  const { promise, resolve } = Promise.withResolvers<Ending>();
  const taken = Promise.withResolvers<void>();
  const { ask, calls } = handler(() => {
    taken.resolve();
    return promise;
  });
  const asked = ask(JSON.stringify(saying("hello")));
  await taken.promise;
  expect(calls).toEqual(["begin"]);
  resolve(BUSY);
  expect((await asked).status).toBe(503);
  expect(calls).toEqual(["begin", "end"]);
});

test.each(["", "junk", "[]", '{"jsonrpc":"2.0","id":1,"method":"none"}'])(
  "what is no message, such as %p, may not, and is no reason to warn",
  async (body) => {
    const { ask, calls, told } = handler(() => Promise.resolve(BUSY));
    await ask(body);
    expect(calls).toEqual([]);
    expect(told).toEqual([]);
  },
);

test("the first message that shows no secret is warned of, and no other", async () => {
  const { ask, told } = handler(() => Promise.resolve({ kind: "failed", told: "no" }));
  for (let n = 0; n < 3; n++) await ask(JSON.stringify(saying("hello")));
  expect(told).toEqual(["unsecured"]);
});
