/**
 * The software bill of materials of an archive, CycloneDX 1.6 in JSON: `sbom.ts <archive> <document>
 * <version>`. A compiled binary names none of its packages, so a scanner finds nothing in it; this is
 * written from what it was built of: bun.lock, the packages' own licences, and the pinned Bun.
 */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import pkg from "../../package.json" with { type: "json" };
import { NAME, REPOSITORY } from "../../src/project.ts";
import { type Package, runtimePackages } from "./packages.ts";

/** A file of a release, as the bill names it. */
export interface Subject {
  file: string;
  /** Of its content, in hexadecimal. */
  sha256: string;
  version: string;
}

/** The bill of what was compiled into such a file. The same input gives the same text. */
export function billOf({ file, sha256, version }: Subject): object {
  const packages = runtimePackages();
  const refsOf = (names: readonly string[]) =>
    packages.filter(({ name }) => names.includes(name)).map(refOf);
  const bun = `pkg:github/oven-sh/bun@bun-v${Bun.version}`;
  const self = `pkg:github/${new URL(REPOSITORY).pathname.slice(1).toLowerCase()}@v${version}`;
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": self,
        name: NAME,
        version,
        description: pkg.description,
        licenses: [{ license: { id: pkg.license } }],
        purl: self,
        hashes: [{ alg: "SHA-256", content: sha256 }],
        externalReferences: [
          { type: "vcs", url: REPOSITORY },
          { type: "distribution", url: `${REPOSITORY}/releases/download/v${version}/${file}` },
        ],
      },
    },
    components: [
      {
        type: "platform",
        "bom-ref": bun,
        name: "bun",
        version: Bun.version,
        description: "The runtime in the binary, with JavaScriptCore, BoringSSL and SQLite in it",
        licenses: [{ license: { id: "MIT" } }],
        purl: bun,
        externalReferences: [{ type: "website", url: "https://bun.com" }],
      },
      ...packages.map(componentOf),
    ],
    dependencies: [
      { ref: self, dependsOn: [bun, ...refsOf(Object.keys(pkg.dependencies))] },
      ...packages.map((one) => ({ ref: refOf(one), dependsOn: refsOf(one.dependencies) })),
    ],
  };
}

function componentOf(one: Package): object {
  return {
    type: "library",
    "bom-ref": refOf(one),
    name: one.name,
    version: one.version,
    licenses: [{ license: { id: one.licence } }],
    purl: refOf(one),
    hashes: [{ alg: "SHA-512", content: one.sha512 }],
  };
}

/** Its package URL: the sign of a scope is written out in it. */
function refOf({ name, version }: Package): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

if (import.meta.main) {
  const [archive = "", document = "", version = ""] = process.argv.slice(2);
  const sha256 = createHash("sha256").update(readFileSync(archive)).digest("hex");
  const bill = billOf({ file: basename(archive), sha256, version });
  writeFileSync(document, `${JSON.stringify(bill, null, 2)}\n`);
}
