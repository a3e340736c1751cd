/** Writes the completion scripts, under the names that shells look for: `completions.ts <folder>`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { completionScript } from "../../src/cli/completion/script.ts";
import type { Shell } from "../../src/cli/completion/shells.ts";
import { ROOT } from "../../src/commands/index.ts";
import { VERSION_LINE } from "../../src/project.ts";
import { GLOBALS } from "../../src/commands/globals.ts";

const FILES: Record<Shell, string> = {
  bash: "molecule.bash",
  zsh: "_molecule",
  fish: "molecule.fish",
  powershell: "molecule.ps1",
};

const CLI = { root: ROOT, globals: GLOBALS, version: VERSION_LINE };
const folder = process.argv[2];
if (folder === undefined) throw new Error("say which folder to write to");
mkdirSync(folder, { recursive: true });
for (const [shell, file] of Object.entries(FILES)) {
  writeFileSync(join(folder, file), completionScript(shell as Shell, CLI));
}
