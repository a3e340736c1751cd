/**
 * Where the project lives stands in one line, package.json's repository. Files that can't read it
 * state it again: `bun scripts/home.ts` writes it into them after a move or in a fork, and a test holds
 * them to it. (.goreleaser.yaml and the program read package.json.)
 */
import { join } from "node:path";
import { REPOSITORY } from "../src/project.ts";
import { ROOT } from "./set-up.ts";

export const FILES = ["README.md", "scripts/install.sh", "scripts/install.ps1"];

/** The text with the owner and the repository of package.json wherever it names them. */
export function atHome(text: string): string {
  const home = new URL(REPOSITORY).pathname.slice(1);
  const owner = home.replace(/\/.*/, "").toLowerCase();
  return (
    text
      .replace(/(github\.com\/)[\w.-]+\/[\w-]+/g, `$1${home}`)
      .replace(/^(\s*\$?repository ?= ?"?)[\w.-]+\/[\w-]+/gim, `$1${home}`)
      // An image's name has no capitals; Homebrew takes a tap's in either case.
      .replace(/(ghcr\.io\/)[\w.-]+/g, `$1${owner}`)
      .replace(/[\w.-]+(\/tap\/)/g, `${owner}$1`)
  );
}

if (import.meta.main) {
  for (const name of FILES) {
    const path = join(ROOT, name);
    await Bun.write(path, atHome(await Bun.file(path).text()));
  }
}
