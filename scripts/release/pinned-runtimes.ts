/**
 * Bun's runtimes by content. The bundler fetches them by version alone and keeps them in Bun's cache,
 * and they are most of what is shipped: so a release checks that each is the one that its maker
 * published. `bun scripts/release/pinned-runtimes.ts`, after `bun run build all` with a new Bun, prints
 * the list anew; compare it with the packages @oven/bun-* of npm, which these files come from.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "./sha256.ts";
import { findTarget, hostTarget, type Target, TARGETS } from "./targets.ts";

/** Of which Bun these are, and their SHA-256 sums by the name of the target. */
export const RUNTIMES = {
  bun: "1.4.5",
  sums: {
    "linux-x64": "f05d28a3862f4b84395c7fa32480b835dd47482e80b7e7a49a115227f0c06083",
    "linux-arm64": "04778f1f42399a69d086853e9c7af4acf574b2f21a43d0dc673853d8b84a2923",
    "linux-x64-musl": "cf5d285ddbe256785a5121a3c113191a6b577504976374c7cfd5aedca609b720",
    "linux-arm64-musl": "9c48986093073afec8b76a3e285303598dd2462f52748aecb65e4d94866e1ea3",
    "darwin-x64": "88f97645b270aef20f9f9442f1658461cab3e7128e658af4615144e3396f084a",
    "darwin-arm64": "e2984124f1514e1e6bbda20adedbf07a02c443c6a5828853a15c7c7abf78e19f",
    "windows-x64": "e06ad0864463c68892ae71a2a64af7eae1585cac5dd9b80bc042f45605587cb1",
  } as Readonly<Record<string, string>>,
};

/** Throws an Error unless the runtime that a binary of this target was made with is the pinned one. */
export function checkRuntime(target: Target): void {
  const path = runtimeOf(target);
  if (!existsSync(path)) throw new Error(`${path} is not there, so the runtime can't be checked`);
  const sum = sumOf(path);
  if (RUNTIMES.bun === Bun.version && RUNTIMES.sums[target.name] === sum) return;
  throw new Error(
    `${path} (sha256 ${sum}) is not the runtime that scripts/release/pinned-runtimes.ts names`,
  );
}

/** The host's is the Bun that runs this; the bundler has put the others into Bun's cache. */
function runtimeOf({ name }: Target): string {
  if (findTarget(name) === hostTarget()) return process.execPath;
  const { stdout } = Bun.spawnSync([process.execPath, "pm", "cache"]);
  const file = `bun-${name.replace("arm64", "aarch64")}-v${Bun.version}`;
  return join(stdout.toString().trim(), file);
}

function sumOf(path: string): string {
  return sha256(readFileSync(path)).toString("hex");
}

if (import.meta.main) {
  for (const target of TARGETS) {
    console.log(`    "${target.name}": "${sumOf(runtimeOf(target))}",`);
  }
}
