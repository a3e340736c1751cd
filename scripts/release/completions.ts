/** Writes the completion scripts, under the names that shells look for: `completions.ts <folder>`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadAll } from "../../src/cli/tree.ts";
import { completionScript } from "../../src/cli/completion/script.ts";
import type { Shell } from "../../src/cli/completion/shells.ts";
import { CLI } from "../../src/commands/cli.ts";

const FILES: Record<Shell, string> = {
  bash: "molecule.bash",
  zsh: "_molecule",
  fish: "molecule.fish",
  powershell: "molecule.ps1",
};

await loadAll(CLI.root);
const folder = process.argv[2];
if (folder === undefined) throw new Error("say which folder to write to");
mkdirSync(folder, { recursive: true });
for (const [shell, file] of Object.entries(FILES)) {
  writeFileSync(join(folder, file), completionScript(shell as Shell, CLI));
}
