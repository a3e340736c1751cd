import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { contract, type Home } from "./contract.ts";
import { failure, openStore } from "./support.ts";

const LOOP = join(import.meta.dir, "..", "..", "harness", "save-loop.ts");
const KILLS = 30;

/** The number of the save that stands in the file, which must be whole and of that save alone. */
function savedIn(folder: string): number {
  const text = readFileSync(join(folder, `${WORKSPACE}.json`), "utf8");
  const saved = String(JSON.parse(text).last_since_id);
  const number = Number.parseInt(saved);
  const [letter = ""] = saved.slice(saved.indexOf(":") + 1);
  const whole = `${number}:${letter.repeat(200_000 + (number % 7) * 100_000)}`;
  // Not by a matcher: it would print them.
  expect(saved === whole).toBe(true);
  return number;
}

/** Kills a process that saves in a loop, while it does; gives the last save that it told of. */
async function killWhileSaving(folder: string): Promise<number> {
  const child = Bun.spawn([process.execPath, LOOP, folder, WORKSPACE], { stderr: "inherit" });
  const saves = 1 + Math.floor(Math.random() * 10);
  const decoder = new TextDecoder();
  let told = "";
  let killed = false;
  try {
    for await (const chunk of child.stdout) {
      told += decoder.decode(chunk, { stream: true });
      if (killed || told.split("\n").length <= saves) continue;
      // Where in a save the last look and the kill fall is chance.
      for (let looks = Math.random() * 20; looks > 0; looks--) savedIn(folder);
      child.kill("SIGKILL");
      killed = true;
    }
  } finally {
    // It would go on for ever if a look failed.
    child.kill("SIGKILL");
    await child.exited;
  }
  expect(child.signalCode).toBe("SIGKILL");
  return Number(told.slice(0, told.lastIndexOf("\n")).split("\n").at(-1));
}

test(`a process killed while it saves leaves a whole file, with nothing lost, ${KILLS} times`, async () => {
  using folder = tmpFolder();
  for (let kill = 0; kill < KILLS; kill++) {
    const told = await killWhileSaving(folder.path);
    expect(savedIn(folder.path)).toBeGreaterThanOrEqual(told);
  }
  await using store = await openStore(folder.path);
  expect(Number.parseInt((await store.loadCursor()).lastSinceId ?? "")).toBeGreaterThan(KILLS);
  expect((await readdir(folder.path)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
}, 60_000);

const JOURNAL_LOOP = join(import.meta.dir, "programs", "journal-loop.ts");

/** Kills a process that takes messages through the store; gives what it told of. */
async function killWhileWorking(home: Home, start: number): Promise<string[]> {
  const { folder, shared } = home.place;
  const words = [folder, home.workspaceId, String(start)];
  if (shared !== undefined) words.push(shared);
  const command = [process.execPath, JOURNAL_LOOP, ...words];
  const child = Bun.spawn(command, { stderr: "inherit" });
  const lines = 1 + Math.floor(Math.random() * 60);
  let told = "";
  try {
    for await (const chunk of child.stdout) {
      told += new TextDecoder().decode(chunk);
      if (told.split("\n").length > lines) child.kill("SIGKILL");
    }
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
  expect(child.signalCode).toBe("SIGKILL");
  return told.slice(0, told.lastIndexOf("\n")).split("\n");
}

contract(
  "a process killed while it works has lost nothing of what it told, and runs nothing twice",
  async (home) => {
    const [entered, settled] = [new Set<string>(), new Set<string>()];
    const keptLast: string[] = [];
    for (let kill = 0; kill < 15; kill++) {
      keptLast.length = 0;
      for (const line of await killWhileWorking(home, 1_000_000 * (kill + 1))) {
        const [what, id = ""] = line.split(" ");
        if (what === "entered") entered.add(id);
        if (what === "kept") keptLast.push(id);
        if (what === "settled") settled.add(id);
      }
      await using store = await home.open();
      const { journal, outbox } = store;
      expect(await journal.known([...entered])).toEqual(entered);
      for (const id of settled) expect((await failure(journal.row(id))).message).toContain(id);
      const last = keptLast.at(-1);
      if (last !== undefined && !settled.has(last)) {
        // Posted or not, it is not to be run again.
        const head = await journal.head("peer");
        expect(head?.id === last ? head.reply?.maybePosted : true).toBe(true);
        expect((await failure(journal.begin(last, true))).message).toContain(last);
      }
      // So that the next one finds its own reply at the head.
      for (let head = await journal.head("peer"); head?.reply; head = await journal.head("peer")) {
        await outbox.posted(head.reply, head.reply.at);
      }
    }
    expect(settled.size).toBeGreaterThan(0);
  },
  60_000,
);
