/**
 * Where the project lives stands in one line, package.json's repository. Files that can't read it
 * state it again: after a move or in a fork, `bun scripts/home.ts` writes it into them. A test holds
 * them to it. (The program and .goreleaser.yaml read package.json.)
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../src/project.ts";
import { ROOT } from "./set-up.ts";

export const FILES = [
  "README.md",
  "scripts/install.sh",
  "scripts/install.ps1",
  "scripts/deploy/kubernetes.yaml",
  "scripts/deploy/compose.yaml",
];

/** The home, as owner/repository, that the files state. */
export function statedHome(): string {
  const script = readFileSync(join(ROOT, "scripts", "install.sh"), "utf8");
  const [, home] = /^REPOSITORY=(.+)$/m.exec(script) ?? [];
  if (home === undefined) throw new Error("scripts/install.sh has no line REPOSITORY=owner/name");
  return home;
}

/**
 * The text with another home, each as owner/repository. Images and taps take the owner in lower case; an
 * image's name is the program's, whatever the repository is called.
 */
export function moved(text: string, from: string, to: string): string {
  const [before, after] = [names(from), names(to)];
  return text
    .replace(new RegExp(`(?<!ghcr\\.io/)${RegExp.escape(from)}`, "g"), to)
    .replaceAll(`cd ${before.repository}`, `cd ${after.repository}`)
    .replaceAll(`ghcr.io/${before.lower}/`, `ghcr.io/${after.lower}/`)
    .replaceAll(`${before.lower}/tap/`, `${after.lower}/tap/`);
}

function names(home: string): { repository: string; lower: string } {
  const [owner = "", repository = ""] = home.split("/");
  return { repository, lower: owner.toLowerCase() };
}

if (import.meta.main) {
  const [from, to] = [statedHome(), new URL(REPOSITORY).pathname.slice(1)];
  for (const name of FILES) {
    const path = join(ROOT, name);
    writeFileSync(path, moved(readFileSync(path, "utf8"), from, to));
  }
}
