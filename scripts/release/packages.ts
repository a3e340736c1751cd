/** The packages that end up in the binary, as bun.lock has them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import lock from "../../bun.lock";
import pkg from "../../package.json" with { type: "json" };
import { ROOT } from "../set-up.ts";

export interface Package {
  name: string;
  version: string;
  /** Of the archive that it was installed from, in hexadecimal. */
  sha512: string;
  /** An SPDX identifier. */
  licence: string;
  /** Names. */
  dependencies: string[];
}

/** Those that package.json names for the run, and those that they name in turn, by name. */
export function runtimePackages(): Package[] {
  const names = new Set(Object.keys(pkg.dependencies));
  const found: Package[] = [];
  // A set takes in what is added while it is walked.
  for (const name of names) {
    const one = read(name);
    for (const next of one.dependencies) names.add(next);
    found.push(one);
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** bun.lock has [name@version, registry, what it needs, hash] for each package of a registry. */
function read(name: string): Package {
  const entry = (lock.packages as Record<string, unknown[]>)[name];
  const [id, , needs, hash] = entry ?? [];
  if (typeof id !== "string" || typeof hash !== "string" || !hash.startsWith("sha512-")) {
    throw new Error(`bun.lock does not tell what ${name} is: run bun install`);
  }
  const { dependencies = {} } = needs as { dependencies?: Record<string, string> };
  return {
    name,
    version: id.slice(id.lastIndexOf("@") + 1),
    sha512: Buffer.from(hash.slice("sha512-".length), "base64").toString("hex"),
    licence: licenceOf(name),
    dependencies: Object.keys(dependencies),
  };
}

function licenceOf(name: string): string {
  const manifest = readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8");
  const { license } = JSON.parse(manifest) as { license?: string };
  if (license === undefined) throw new Error(`the package ${name} names no licence`);
  return license;
}
