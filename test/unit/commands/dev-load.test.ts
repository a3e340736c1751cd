/** A load against agents that answer badly: what is counted, and as what. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Ledger } from "../../../src/commands/dev/load/ledger.ts";
import { plan } from "../../../src/commands/dev/load/plan.ts";
import { reportOf, type Report } from "../../../src/commands/dev/load/report.ts";
import { runLoad } from "../../../src/commands/dev/load/run.ts";
import { PlatformClient } from "../../../src/platform/client.ts";
import { systemClock, type Clock } from "../../../src/shared/clock.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { Agent } from "../dev/push-agent.ts";
import { Answering, echo, type Manner, type Place } from "./dev-agent.ts";
import { Stage } from "./dev-stage.ts";

setDefaultTimeout(60_000);

const RUN = "abcdef";
const AGES_MS = 1_000_000;

/** A clock on which ages pass when the test says so, and all else as it does. */
class Ages implements Clock {
  readonly #over = Promise.withResolvers<void>();
  now = systemClock.now;
  monotonic = systemClock.monotonic;
  sleep = (ms: number, signal?: AbortSignal) =>
    ms < AGES_MS ? systemClock.sleep(ms, signal) : this.#over.promise;
  pass = () => this.#over.resolve();
}

function client({ platform }: Stage, { id, token }: Place, identity?: string): PlatformClient {
  return new PlatformClient({
    baseUrl: new URL(platform.url),
    identity,
    orgId: undefined,
    userAgent: "test",
    token: () => token,
    clock: systemClock,
    secrets: new Secrets(),
    workspaceId: id,
  });
}

/** Sends `n` messages from these; the time is up once `enough` says so of what has come. */
async function load(
  stage: Stage,
  n: number,
  from: readonly ("canvas" | "ada" | "ben")[],
  enough: (ledger: Ledger) => boolean,
): Promise<Report & { ledger: Ledger }> {
  const text = "message {i} {code}";
  const ledger = new Ledger(plan({ n, rate: 500, from, text, seed: 1, run: RUN }), () =>
    crypto.randomUUID(),
  );
  const clock = new Ages();
  const admin = { ...stage.agent, token: stage.platform.adminToken };
  const senders = from.map((name) =>
    name === "canvas"
      ? { id: undefined, client: client(stage, admin) }
      : { id: stage[name].id, client: client(stage, stage[name], stage[name].id) },
  );
  const over = new AbortController();
  const passing = (async () => {
    while (!over.signal.aborted && !enough(ledger)) await ledger.bell.wait(over.signal);
    clock.pass();
  })();
  await runLoad({
    ledger,
    agentId: stage.agent.id,
    run: RUN,
    senders,
    agentFeed: client(stage, admin),
    wait: true,
    timeoutMs: AGES_MS,
    concurrency: 200,
    clock,
    random: Math.random,
    signal: new AbortController().signal,
    onTrouble: () => {},
    onProgress: () => {},
  });
  over.abort();
  await passing;
  const about = { workspace: stage.agent.id, name: "agent", from: [...from], seed: 1 };
  return { ...reportOf(ledger, about), ledger };
}

const answers = (ledger: Ledger) =>
  ledger.entries.reduce((sum, entry) => sum + entry.answers.length, 0);
const numberOf = (text: string) => Number(/^message (\d+) /.exec(text)?.[1]);

/** Every tenth message not at all, every second of ten twice, every third told that there is none. */
const faulty: Manner = (question) => {
  const [say] = echo(question);
  const last = numberOf(question.text) % 10;
  if (say === undefined || last === 0) return [];
  if (last === 2) return [say, { ...say, generation: 1 }];
  return [
    last === 3 ? { ...say, text: `I could not answer this: ${say.text}`, kind: "failure" } : say,
  ];
};

test.each(["r1", "r2"] as const)(
  "answers that are missing, doubled and failed are told apart (%s)",
  async (revision) => {
    await using stage = await Stage.set({ revision });
    await using _ = new Answering(stage.agent, faulty);
    const from = ["canvas", "ada", "ben"] as const;
    const report = await load(stage, 40, from, (ledger) => answers(ledger) === 40);
    expect(report).toMatchObject({ sent: 40, answered: 32, failed: 4, doubled: 4, unanswered: 4 });
    const of = (last: number) => report.ledger.entries.filter(({ number }) => number % 10 === last);
    expect(of(2).map((entry) => entry.answers.length)).toEqual([2, 2, 2, 2]);
    expect(of(0).map((entry) => entry.answers.length)).toEqual([0, 0, 0, 0]);
  },
);

test.each([
  ["r1", 4],
  ["r2", 0],
] as const)(
  "the same answer again under its id is no second answer (%s)",
  async (revision, repeats) => {
    await using stage = await Stage.set({ revision });
    await using _ = new Answering(stage.agent, (question) =>
      numberOf(question.text) === 5 ? [] : [...echo(question), ...echo(question)],
    );
    const enough = (ledger: Ledger) => answers(ledger) === 4 && ledger.repeated === repeats;
    const report = await load(stage, 5, ["ada"], enough);
    expect(report).toMatchObject({ answered: 4, doubled: 0, repeated: repeats, unanswered: 1 });
  },
);

test("the canvas's answers are told by their order where they do not repeat the code", async () => {
  await using stage = await Stage.set();
  await using _ = new Answering(stage.agent, ({ at }) => [{ text: `answer ${at}` }]);
  const report = await load(stage, 20, ["canvas"], () => false);
  expect(report).toMatchObject({ answered: 20, doubled: 0, unasked: 0, out_of_order: 0 });
});

test("words on the way to an answer, and that it must wait, are no answers", async () => {
  await using stage = await Stage.set();
  await using _ = new Answering(stage.agent, (question) => [
    { text: question.peer === undefined ? "… looking" : "not yet", kind: "trouble" },
    ...(numberOf(question.text) % 4 === 0 ? [] : echo(question)),
  ]);
  const report = await load(stage, 20, ["canvas", "ada"], (ledger) => answers(ledger) === 15);
  expect(report).toMatchObject({ answered: 15, unanswered: 5, doubled: 0, failed: 0 });
});

test("answers in another order than the questions' are counted", async () => {
  await using stage = await Stage.set();
  await using _ = new Answering(stage.agent, echo, 4);
  const report = await load(stage, 40, ["ada"], () => false);
  // Of each four, three come out of their order.
  expect(report).toMatchObject({ answered: 40, out_of_order: 30 });
});

test("an agent in push mode answers on the open request, or says what is wrong", async () => {
  await using stage = await Stage.set();
  const result = { kind: "message", role: "agent", parts: [{ kind: "text", text: "pushed" }] };
  let calls = 0;
  using agent = new Agent(() =>
    ++calls % 3 === 0
      ? Response.json({ jsonrpc: "2.0", id: "1", error: { code: -32603, message: "no" } })
      : Response.json({ jsonrpc: "2.0", id: "1", result }),
  );
  const body = {
    id: stage.agent.id,
    agent_card: { name: "a" },
    delivery_mode: "push",
    url: agent.url,
  };
  const headers = { authorization: `Bearer ${stage.agent.token}` };
  const register = { method: "POST", headers, body: JSON.stringify(body) };
  await fetch(`${stage.platform.url}/registry/register`, register);
  const { url } = stage.platform;
  // Its first secret counts once a heartbeat has told it.
  const beat = JSON.stringify({ workspace_id: stage.agent.id });
  await fetch(`${url}/registry/heartbeat`, { method: "POST", headers, body: beat });
  const report = await load(stage, 9, ["ada", "canvas"], () => false);
  expect(report).toMatchObject({ sent: 9, answered: 6, failed: 3, doubled: 0, unanswered: 0 });
});
