import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { LocalStore } from "../../../src/store/local.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";

const LOOP = join(import.meta.dir, "..", "..", "harness", "save-loop.ts");
const KILLS = 30;

/** Kills a process that saves in a loop, at some moment after some saves; gives the last it told. */
async function killWhileSaving(folder: string): Promise<number> {
  const child = Bun.spawn([process.execPath, LOOP, folder, WORKSPACE], { stderr: "inherit" });
  const saves = 1 + Math.floor(Math.random() * 20);
  let told = "";
  const decoder = new TextDecoder();
  let killed = false;
  for await (const chunk of child.stdout) {
    told += decoder.decode(chunk, { stream: true });
    if (killed || told.split("\n").length <= saves) continue;
    // Anywhere within a save: which step it hits is chance.
    Bun.sleepSync(Math.random() * 3);
    child.kill("SIGKILL");
    killed = true;
  }
  await child.exited;
  expect(child.signalCode).toBe("SIGKILL");
  return Number(told.slice(0, told.lastIndexOf("\n")).split("\n").at(-1));
}

test(`a process killed while it saves leaves a whole file, with nothing lost, ${KILLS} times`, async () => {
  using folder = tmpFolder();
  for (let kill = 0; kill < KILLS; kill++) {
    const told = await killWhileSaving(folder.path);
    const text = await readFile(join(folder.path, `${WORKSPACE}.json`), "utf8");
    const saved = String(JSON.parse(text).last_since_id);
    expect(saved).toMatch(/^\d+:([a-z])\1+$/);
    const number = Number.parseInt(saved);
    expect(saved.length).toBe(String(number).length + 1 + 20_000 + (number % 7) * 10_000);
    expect(number).toBeGreaterThanOrEqual(told);
  }
  const store = await LocalStore.open(folder.path, WORKSPACE);
  expect(Number.parseInt((await store.loadCursor()).lastSinceId ?? "")).toBeGreaterThan(KILLS);
  expect(await readdir(folder.path)).toEqual([`${WORKSPACE}.json`]);
}, 60_000);
