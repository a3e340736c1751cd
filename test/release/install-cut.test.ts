/** A download of scripts/install.sh that ends too early. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { Lab, SCRIPT } from "./install-lab.ts";
import { release } from "./install-release.ts";

/** Gives what there is in the lab afterwards. */
function runCut(lab: Lab, script: string): string[] {
  Bun.spawnSync([...lab.shell, "-s"], {
    cwd: lab.home,
    env: { ...lab.env, MOLECULE_BASE_URL: lab.release },
    stdin: Buffer.from(script),
    stderr: "ignore",
  });
  return [...readdirSync(lab.home), ...readdirSync(lab.tmp)];
}

test.skipIf(process.platform === "win32")("a script that is cut off anywhere runs nothing", () => {
  using lab = new Lab();
  lab.publish(release());
  const script = readFileSync(SCRIPT, "utf8").trimEnd();
  const cuts = [
    ...Array.from({ length: 40 }, (_, back) => script.length - 1 - back),
    ...Array.from({ length: 100 }, (_, back) => script.length - 41 - back * 20),
    ...Array.from({ length: 50 }, (_, back) => Math.floor((script.length * back) / 50)),
  ];
  for (const cut of cuts) {
    expect({ cut, made: runCut(lab, script.slice(0, cut)) }).toEqual({ cut, made: [] });
  }
  // The whole of it does something in the same surroundings, even without its last line's end.
  expect(runCut(lab, script)).toEqual([".local"]);
});
