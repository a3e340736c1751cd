/** The bill of materials of an archive, and what it is written from. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import lock from "../../bun.lock";
import pkg from "../../package.json" with { type: "json" };
import { runtimePackages } from "../../scripts/release/packages.ts";
import { libraryNames } from "../../scripts/release/runtime.ts";
import { billOf } from "../../scripts/release/sbom.ts";
import { ROOT } from "../../scripts/set-up.ts";
import { REPOSITORY } from "../../src/project.ts";
import { tmpFolder } from "../harness/tmp.ts";

interface Component {
  type: string;
  name: string;
  version?: string;
  "bom-ref": string;
  purl?: string;
  hashes?: { alg: string; content: string }[];
  licenses: { license?: { id?: string; name?: string; url?: string }; expression?: string }[];
  components?: Component[];
}
interface Bill {
  bomFormat: string;
  specVersion: string;
  version: number;
  metadata: { component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

const HOME = REPOSITORY.replace("https://github.com/", "");
const SUBJECT = { file: "molecule.tar.gz", hash: "ab".repeat(32), version: "1.2.3" };
const bill = billOf(SUBJECT) as Bill;
const [bun] = bill.components as [Component];
const all = [bill.metadata.component, ...bill.components, ...(bun.components ?? [])];
const installed = (name: string) =>
  JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8")) as {
    version: string;
    license: string;
    dependencies?: Record<string, string>;
  };

/** What can be reached from package.json's dependencies, by the packages' own manifests. */
function reachable(): string[] {
  const names = new Set(Object.keys(pkg.dependencies));
  for (const name of names) {
    for (const next of Object.keys(installed(name).dependencies ?? {})) names.add(next);
  }
  return [...names].toSorted();
}

describe("the packages of the program", () => {
  test("are those that package.json names and what they need, each once", () => {
    const names = runtimePackages().map(({ name }) => name);
    expect(names).toEqual(reachable());
    expect(names.length).toBeGreaterThan(Object.keys(pkg.dependencies).length);
    for (const name of Object.keys(pkg.devDependencies)) expect(names).not.toContain(name);
  });

  test("have the version and licence that are installed, and the hash of bun.lock", () => {
    for (const { name, version, licence, sha512, dependencies } of runtimePackages()) {
      const { version: there, license, dependencies: needs = {} } = installed(name);
      expect({ name, version, licence }).toEqual({ name, version: there, licence: license });
      expect(dependencies.toSorted()).toEqual(Object.keys(needs).toSorted());
      const [, , , hash] = (lock.packages as Record<string, unknown[]>)[name] ?? [];
      expect(sha512).toMatch(/^[0-9a-f]{128}$/);
      expect(`sha512-${Buffer.from(sha512, "hex").toString("base64")}`).toBe(String(hash));
    }
  });
});

describe("a bill of materials", () => {
  test("is one by CycloneDX 1.6, with the fields that it requires", () => {
    expect(bill).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6", version: 1 });
    for (const { type, name, licenses } of all) {
      expect(["application", "platform", "library"]).toContain(type);
      expect(name).not.toBe("");
      // Many licences, or one expression and nothing beside it.
      expect(licenses.length).toBe(1);
      for (const { license, expression } of licenses) {
        expect(license?.id ?? license?.name ?? expression).toBeString();
        expect(license === undefined).not.toBe(expression === undefined);
      }
    }
  });

  test("names the archive by its hash, and this version of the program", () => {
    expect(bill.metadata.component).toMatchObject({
      name: "molecule",
      version: "1.2.3",
      purl: `pkg:github/${HOME.toLowerCase()}@v1.2.3`,
      hashes: [{ alg: "SHA-256", content: SUBJECT.hash }],
    });
    expect(JSON.stringify(bill.metadata)).toContain(
      `"https://github.com/${HOME}/releases/download/v1.2.3/molecule.tar.gz"`,
    );
  });

  test("has Bun and each package once, with its version and hash", () => {
    expect(bill.components.slice(1)).toMatchObject(
      runtimePackages().map(({ name, version, sha512 }) => ({
        name,
        version,
        purl: `pkg:npm/${name}@${version}`,
        hashes: [{ alg: "SHA-512", content: sha512 }],
      })),
    );
    expect(bun).toMatchObject({ name: "bun", version: Bun.version });
  });

  test("tells of each part what it needs, and of nothing else", () => {
    const refs = all.map((component) => component["bom-ref"]);
    expect(new Set(refs).size).toBe(refs.length);
    expect(bill.dependencies.map(({ ref }) => ref).toSorted()).toEqual(refs.toSorted());
    for (const { dependsOn } of bill.dependencies) {
      expect(refs).toEqual(expect.arrayContaining(dependsOn));
      expect(new Set(dependsOn).size).toBe(dependsOn.length);
    }
    const needs = (ref: string) => bill.dependencies.find((one) => one.ref === ref)?.dependsOn;
    const named = Object.keys(pkg.dependencies).map((name) => `pkg:npm/${name}@`);
    const direct = needs(bill.metadata.component["bom-ref"]) ?? [];
    expect(direct.map((ref) => ref.replace(/@[^@]*$/, "@")).toSorted()).toEqual(
      ["pkg:github/oven-sh/bun@", ...named].toSorted(),
    );
    const ofetch = bill.components.find(({ name }) => name === "ofetch") as Component;
    expect(needs(ofetch["bom-ref"])?.length).toBe(
      Object.keys(installed("ofetch").dependencies ?? {}).length,
    );
  });

  test("is the same text for the same archive, and written so by the script", () => {
    using folder = tmpFolder();
    const archive = join(folder.path, "molecule.tar.gz");
    writeFileSync(archive, "abc");
    const write = (name: string) => {
      const document = join(folder.path, name);
      const script = join(ROOT, "scripts", "release", "sbom.ts");
      const command = [process.execPath, script, archive, document, "1.2.3"];
      // GoReleaser runs it in a folder of its own.
      const { exitCode } = Bun.spawnSync(command, { cwd: folder.path });
      expect({ exitCode, written: existsSync(document) }).toEqual({ exitCode: 0, written: true });
      return readFileSync(document, "utf8");
    };
    const text = write("one.json");
    expect(write("other.json")).toBe(text);
    // FIPS 180-4's example.
    const hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    expect(text).toBe(`${JSON.stringify(billOf({ ...SUBJECT, hash }), null, 2)}\n`);
  }, 60_000);
});

describe("what is linked into Bun", () => {
  /** Bun's own page about its licence comes with its types. */
  const page = readFileSync(
    join(ROOT, "node_modules", "bun-types", "docs", "project", "license.mdx"),
    "utf8",
  );

  test("are the libraries of Bun's own page", () => {
    const [, table = ""] = /## Linked libraries\n([^]*?)\n## /.exec(page) ?? [];
    const names = [...table.matchAll(/^\| .*?\[(.+?)\]/gm)].map(([, name = ""]) =>
      name.replaceAll("`", ""),
    );
    expect(names.length).toBeGreaterThan(20);
    expect(libraryNames().toSorted()).toEqual(["JavaScriptCore", ...names].toSorted());
    expect(bun.components?.map(({ name }) => name)).toEqual(libraryNames());
  });

  test("bears its own licence, and Bun's does not stand for it", () => {
    const licenceOf = (name: string) =>
      bun.components?.find((one) => one.name === name)?.licenses[0];
    expect(bun.licenses).toEqual([{ license: { id: "MIT" } }]);
    expect(licenceOf("JavaScriptCore")?.expression).toStartWith("LGPL-2.0-or-later ");
    expect(licenceOf("tinycc")?.license?.id).toStartWith("LGPL-2.1");
    expect(licenceOf("boringssl")?.license?.url).toContain("/LICENSE");
  });

  test("has the commit or version that this Bun tells", () => {
    const versionOf = (name: string) => bun.components?.find((one) => one.name === name)?.version;
    const { boringssl, sqlite, webkit, zlib } = process.versions;
    const found = ["JavaScriptCore", "boringssl", "zlib-ng", "sqlite"].map(versionOf);
    expect(found).toEqual([webkit, boringssl, zlib, sqlite]);
    expect(found).not.toContain(undefined);
  });
});
