/** The folders that scripts/install.sh makes, where it then installs nothing. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Lab } from "./install-lab.ts";
import { release } from "./install-release.ts";

describe.skipIf(process.platform === "win32")("install.sh refuses", () => {
  test.each<[string, string, string[]]>([
    ["none of the folders that it made", "", []],
    [
      "those with something of another in them",
      `: >"\${0%/*}/other"\n`,
      ["new", "new/bin", "new/bin/other"],
    ],
  ])("a program that does not run, and leaves %s", async (_, before, left) => {
    using lab = new Lab();
    const there = join(lab.home, "there");
    mkdirSync(there);
    lab.publish(release({ members: [{ name: "molecule", body: `#!/bin/sh\n${before}exit 3\n` }] }));
    for (const folder of ["new/bin", "new//bin/"]) {
      const { code } = await lab.install({
        args: ["--dir", `${there}/${folder}`],
        env: { MOLECULE_BASE_URL: lab.release },
      });
      expect(code).toBe(1);
      expect(readdirSync(there, { recursive: true }).toSorted()).toEqual(left);
    }
    expect(existsSync(there)).toBe(true);
  });
});
