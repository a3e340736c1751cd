/** The runtimes that a release is made with, by content. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { RUNTIMES } from "../../scripts/release/pinned-runtimes.ts";
import { hostTarget, type Target, TARGETS } from "../../scripts/release/targets.ts";
import { ROOT } from "../../scripts/set-up.ts";
import { tmpFolder } from "../harness/tmp.ts";

test("each target has one, of the Bun that is pinned", () => {
  expect(RUNTIMES.bun).toBe(Bun.version);
  expect(Object.keys(RUNTIMES.sums).toSorted()).toEqual(TARGETS.map(({ name }) => name).toSorted());
  const sums = Object.values(RUNTIMES.sums);
  for (const sum of sums) expect(sum).toMatch(/^[0-9a-f]{64}$/);
  expect(new Set(sums).size).toBe(sums.length);
});

test("another file under a runtime's name, or none, is no release", () => {
  using cache = tmpFolder();
  const target = TARGETS.find((one) => one !== hostTarget()) as Target;
  const check = () =>
    Bun.spawnSync(
      [
        process.execPath,
        "-e",
        `import { checkRuntime } from "./scripts/release/pinned-runtimes.ts";
         import { findTarget } from "./scripts/release/targets.ts";
         try { checkRuntime(findTarget("${target.name}")); } catch (error) { console.log(error.message); }`,
      ],
      { cwd: ROOT, env: { ...process.env, BUN_INSTALL_CACHE_DIR: cache.path } },
    ).stdout.toString();
  expect(check()).toContain("is not there");
  writeFileSync(
    join(cache.path, `bun-${target.name.replace("arm64", "aarch64")}-v${Bun.version}`),
    "another",
  );
  expect(check()).toContain("is not the runtime that");
});
