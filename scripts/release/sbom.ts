/**
 * The software bill of materials of an archive, CycloneDX 1.6 in JSON: `sbom.ts <archive> <document>
 * <version>`. A compiled binary names none of its packages, so a scanner finds nothing in it; this is
 * written from what it was built of: bun.lock, the packages' own licences, and Bun with its libraries.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import pkg from "../../package.json" with { type: "json" };
import { NAME, REPOSITORY } from "../../src/project.ts";
import { type Package, runtimePackages } from "./packages.ts";
import { BUN, bunComponent, bunDependencies } from "./runtime.ts";
import { sha256 } from "./sha256.ts";

/** A file of a release, as the bill names it. */
export interface Subject {
  file: string;
  /** SHA-256 of its content, in hexadecimal. */
  hash: string;
  version: string;
}

/** The bill of what was compiled into such a file. The same input gives the same text. */
export function billOf({ file, hash, version }: Subject): object {
  const packages = runtimePackages();
  const refsOf = (names: readonly string[]) =>
    packages.filter(({ name }) => names.includes(name)).map(refOf);
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
        hashes: [{ alg: "SHA-256", content: hash }],
        externalReferences: [
          { type: "vcs", url: REPOSITORY },
          { type: "distribution", url: `${REPOSITORY}/releases/download/v${version}/${file}` },
        ],
      },
    },
    components: [bunComponent(), ...packages.map(componentOf)],
    dependencies: [
      { ref: self, dependsOn: [BUN, ...refsOf(Object.keys(pkg.dependencies))] },
      ...bunDependencies(),
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
  const hash = sha256(readFileSync(archive)).toString("hex");
  const bill = billOf({ file: basename(archive), hash, version });
  writeFileSync(document, `${JSON.stringify(bill, null, 2)}\n`);
}
