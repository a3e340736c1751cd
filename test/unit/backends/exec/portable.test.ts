/** The exec backend with commands that sh and cmd.exe alike can run. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { createExec } from "../../../../src/backends/exec/create.ts";
import { exec } from "../../../../src/backends/exec/declaration.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { killAllGroups } from "../../../../src/backends/process/group.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { bareEnv, WINDOWS } from "../../../harness/platform.ts";
import { isAlive, untilDead } from "../../../harness/processes.ts";
import { program } from "../../../harness/program.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { never, request, TestParts } from "../support.ts";

setDefaultTimeout(60_000);
// What a failed test has left running.
afterEach(killAllGroups);

/** The backend with a program of its own, in a folder whose name needs quotes. */
function lab(source: string, more: string[] = []) {
  const folder = tmpFolder();
  const clock = new ManualClock();
  const parts = new TestParts(bareEnv(folder.path), clock);
  const options = parseOptions(exec, [
    `cmd=${program(folder.path, source, "an agent.ts")}`,
    ...more,
  ]);
  const backend = createExec(options, parts);
  return { backend, parts, clock, folder, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

test("the text goes in by stdin and the answer comes out of stdout", async () => {
  using at = lab("console.log((await Bun.stdin.text()).toUpperCase());");
  await at.backend.check();
  const text = `gruß & "quotes" %PATH% $HOME 🙂\nsecond`;
  expect(await at.backend.run(request({ text }), never)).toEqual({
    kind: "answer",
    text: text.toUpperCase(),
  });
});

test("the lines of an answer end as they are read elsewhere", async () => {
  using at = lab(`await Bun.write(Bun.stdout, "a\\r\\nb\\r\\n");`);
  const text = WINDOWS ? "a\nb" : "a\r\nb";
  expect(await at.backend.run(request(), never)).toEqual({ kind: "answer", text });
});

test("variables say what the message is, and the command's status is its own", async () => {
  const source = "console.error(process.env.MOLECULE_CALLER_ID); process.exit(65);";
  using at = lab(source);
  expect(await at.backend.run(request(), never)).toMatchObject({
    kind: "failed",
    reason: expect.stringContaining("status 65: it refuses this message"),
  });
  expect(at.parts.lines).toEqual(["peer-1"]);
});

test("a whole message in JSON is answered in JSON", async () => {
  const source = `
    const { text, sender } = JSON.parse(await Bun.stdin.text());
    console.log(JSON.stringify({ text: sender + ": " + text }));
  `;
  using at = lab(source, ["format=json"]);
  expect(await at.backend.run(request({ text: "hi" }), never)).toMatchObject({
    kind: "answer",
    text: "peer: hi",
  });
});

/** Has a child that stays, so that to end the command alone is not enough; it tells its id. */
const PARENT = `
  if (process.argv[2] === "child") setInterval(() => {}, 1_000);
  else {
    const stdio = ["ignore", "ignore", "ignore"];
    const child = Bun.spawn([process.execPath, import.meta.path, "child"], { stdio });
    console.error(child.pid + "\\nstarted");
    await child.exited;
  }
`;

for (const how of ["stopped", "failed"] as const) {
  test(`${how}: what the command has started is ended with it`, async () => {
    using at = lab(PARENT);
    const abort = new AbortController();
    const running = at.backend.run(request(), abort.signal);
    await at.parts.untilLine("started");
    const child = Number(at.parts.lines[0]);
    expect(isAlive(child)).toBe(true);
    if (how === "stopped") abort.abort();
    else await at.clock.advance(60_000);
    expect((await running).kind).toBe(how);
    await untilDead([child]);
  });
}
