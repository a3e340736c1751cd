import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { LocalStore } from "../../../src/store/local.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";

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
  const store = await LocalStore.open(folder.path, WORKSPACE);
  expect(Number.parseInt((await store.loadCursor()).lastSinceId ?? "")).toBeGreaterThan(KILLS);
  expect(await readdir(folder.path)).toEqual([`${WORKSPACE}.json`]);
}, 60_000);
