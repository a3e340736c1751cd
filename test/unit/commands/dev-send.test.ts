/** `molecule dev send`: what it sends, what it says of the answers, and what it leaves behind. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { jsonHere, runHere } from "../../harness/command.ts";
import { lookUntil } from "../../harness/wait.ts";
import { Answering } from "./dev-agent.ts";
import { Stage } from "./dev-stage.ts";

setDefaultTimeout(90_000);

const send = (stage: Stage, ...words: string[]) => jsonHere(["dev", "send", ...words], stage.env);

const CLEAN = { failed: 0, doubled: 0, repeated: 0, unanswered: 0, out_of_order: 0, unasked: 0 };

describe.each(["r1", "r2"] as const)("at a platform of %s", (revision) => {
  test("all are sent by all in turn, answered once, and the tokens revoked", async () => {
    await using stage = await Stage.set({ revision });
    await using agent = new Answering(stage.agent);
    const before = stage.tokens();
    const { code, data, err } = await send(stage, "--n=30", "--rate=500");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(data).toMatchObject({ messages: 30, sent: 30, answered: 30, refused: {}, ...CLEAN });
    expect(data).toMatchObject({ name: "agent", from: ["canvas", "ada", "ben"] });
    for (const sender of [undefined, stage.ada.id, stage.ben.id]) {
      expect(agent.questions.filter(({ peer }) => peer === sender)).toHaveLength(10);
    }
    const numbers = agent.questions.map(({ text }) => /^message (\d+) of 30 /.exec(text)?.[1]);
    expect(new Set(numbers).size).toBe(30);
    expect(stage.tokens()).toBe(before);
  });

  test("an agent that says nothing has it end with 1, and the tokens are revoked all the same", async () => {
    await using stage = await Stage.set({ revision });
    const before = stage.tokens();
    const { code, data, err } = await send(stage, "--n=6", "--rate=500", "--timeout=1s");
    expect({ code, data }).toMatchObject({ code: 1, data: { answered: 0, answer_ms: null } });
    expect(JSON.parse(err).error).toMatchObject({
      message: "6 of 6 messages were not answered",
      exit_code: 1,
    });
    expect(stage.tokens()).toBe(before);
  });
});

test("more than the platform's limit allows is held up, and it says by what", async () => {
  await using stage = await Stage.set({ rateLimit: 6 });
  const words = ["--n=12", "--rate=500", "--from=ada", "--no-wait", "--timeout=3s"];
  const { code, data, err } = await send(stage, ...words);
  expect({ code, data }).toMatchObject({ code: 1, data: { sent: 6, refused: { "429": 6 } } });
  expect(JSON.parse(err).error).toMatchObject({
    message: "6 of 12 messages were not sent",
    hint: expect.stringContaining("molecule dev --rate-limit 0"),
  });
});

test("what appears late in the feeds is found, and what got lost is sent again as the same message", async () => {
  const lateCommits = { share: 1 / 3, maxMs: 300, random: Math.random };
  await using stage = await Stage.set({ lateCommits });
  await using agent = new Answering(stage.agent);
  await stage.fault({ kind: "lost", rate: 0.3, seed: 3, path: `${stage.agent.id}/a2a` });
  const { code, data } = await send(stage, "--n=40", "--rate=500");
  expect({ code, data }).toMatchObject({ code: 0, data: { answered: 40, doubled: 0 } });
  expect(data.refused.none).toBeGreaterThan(0);
  expect(agent.questions).toHaveLength(40);
});

test("--no-wait is done when all are sent, with the text that was given", async () => {
  await using stage = await Stage.set();
  const text = "{i}/{n} {from} {code} {else}";
  const { code, data } = await send(stage, "--n=3", "--from=ben", "--no-wait", `--text=${text}`);
  expect({ code, data }).toMatchObject({ code: 0, data: { sent: 3, answered: 0 } });
  await using agent = new Answering(stage.agent, () => []);
  await lookUntil(() => agent.questions.length === 3);
  expect(agent.questions[1]?.text).toMatch(/^2\/3 ben #[a-z0-9]{6}\.2 \{else\}$/);
});

test("another workspace can be sent to, by name, and the report is for people", async () => {
  await using stage = await Stage.set();
  await using _ = new Answering(stage.ada);
  const words = ["dev", "send", "ada", "--n=6", "--from=agent,canvas", "--rate=100"];
  const { code, out } = await runHere(words, stage.env);
  expect(code).toBe(0);
  expect(out).toMatch(/^agent +ada \([0-9a-f-]{36}\)$/m);
  expect(out).toMatch(/^answered +6$/m);
  expect(out).toMatch(/^answer times +p50 \d+ ms, p90 \d+ ms, p99 \d+ ms, max \d+ ms$/m);
});

test("of those that send where nobody was named, the agent itself is left out", async () => {
  await using stage = await Stage.set();
  const words = ["ada", "--n=4", "--rate=100", "--no-wait"];
  const { code, data } = await send(stage, ...words);
  expect(code).toBe(0);
  expect(data.from).toEqual(["canvas", "ben"]);
});

test("what can't be meant is refused before anything is sent", async () => {
  await using stage = await Stage.set();
  const before = stage.tokens();
  const refused = async (...words: string[]) => {
    const { code, err } = await send(stage, ...words);
    return [code, JSON.parse(err).error.message];
  };
  expect(await refused("--from=ada,agent")).toEqual([
    2,
    "--from: agent is the agent that the messages are for",
  ]);
  expect(await refused("--from=ada,canvas,ada")).toEqual([2, "--from: ada is named twice"]);
  expect(await refused("--from=ada,,ben")).toEqual([2, "--from has an empty name in it"]);
  expect(await refused("--from=eve")).toEqual([1, 'there is no workspace "eve"']);
  expect(await refused("nobody")).toEqual([1, 'there is no workspace "nobody"']);
  expect(await refused("--n=100001")).toEqual([2, '--n must be at most 100000, not "100001"']);
  for (const rate of ["0", "10001", "1e3", "-1"]) {
    expect((await refused(`--rate=${rate}`))[0]).toBe(2);
  }
  expect(stage.tokens()).toBe(before);
});
