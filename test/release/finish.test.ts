/** What is done to a binary after the bundler: on small Mach-O files, the Bun at hand, and ours. */
import { describe, expect, test } from "bun:test";
import {
  copyFileSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { signAdHoc, signatureFaults } from "../../scripts/release/code-signature.ts";
import { finish, makeWhole } from "../../scripts/release/finish.ts";
import { findTarget, hostTarget, type Target, TARGETS } from "../../scripts/release/targets.ts";
import { BINARY } from "../../scripts/set-up.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { changed, machO, segment, signedFile, START, VENDOR } from "./mach-o-files.ts";

const target = (name: string) => findTarget(name) as Target;
const INTEL = target("darwin-x64");
/** In whole seconds, as a commit's time is. */
const THEN = new Date("2026-01-02T03:04:05Z");

/** A file in a folder of its own, last changed then. */
function folderWith(bytes: Uint8Array) {
  const folder = tmpFolder();
  const path = join(folder.path, "molecule");
  writeFileSync(path, bytes);
  utimesSync(path, THEN, THEN);
  return { path, folder: folder.path, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

describe("a binary for macOS", () => {
  test.each([
    ["without a signature", machO()],
    ["with its maker's, which bundling broke", changed(signedFile(VENDOR), breakIt)],
    ["with one that can't be read", machO({ signature: new Uint8Array(64) })],
  ])("%s is signed in place, and keeps its time of change", (_, bytes) => {
    using file = folderWith(bytes);
    expect(makeWhole(file.path, INTEL)).toBe("darwin-x64, 0.0 MB, signed ad hoc");
    const signed = readFileSync(file.path);
    expect(signed.equals(signAdHoc(bytes, "molecule"))).toBe(true);
    expect(signatureFaults(signed)).toEqual([]);
    expect(statSync(file.path).mtime).toEqual(THEN);
  });

  test.each([
    ["its maker's", signedFile(VENDOR)],
    ["an ad-hoc one of another name", signAdHoc(machO(), "bun")],
  ])("keeps a signature that holds: %s", (_, bytes) => {
    using file = folderWith(bytes);
    expect(makeWhole(file.path, INTEL)).toBe("darwin-x64, 0.0 MB, signature whole");
    expect(readFileSync(file.path).equals(bytes)).toBe(true);
    expect(statSync(file.path).mtime).toEqual(THEN);
  });

  test("that has no place for a signature stays as it is, with an error", () => {
    const bytes = machO({ more: [segment("__LAST", 8292, 0)] });
    using file = folderWith(bytes);
    expect(() => makeWhole(file.path, INTEL)).toThrow("__LINKEDIT is not its last segment");
    expect(readFileSync(file.path).equals(bytes)).toBe(true);
  });

  test("is also signed on a system that there is no release for", () => {
    using file = folderWith(machO());
    expect(makeWhole(file.path, undefined)).toBe("this system, 0.0 MB, signed ad hoc");
  });
});

test("a binary for another target is refused, and left as it is", () => {
  const bytes = machO();
  using file = folderWith(bytes);
  for (const other of TARGETS.filter((one) => one !== INTEL)) {
    expect(() => makeWhole(file.path, other)).toThrow(
      `${file.path} is built for darwin-x64, not ${other.name}`,
    );
  }
  expect(readFileSync(file.path).equals(bytes)).toBe(true);
});

test("what is no program is refused for every target, and not looked at without one", () => {
  using file = folderWith(Buffer.from("#!/bin/sh\n".repeat(9)));
  for (const one of TARGETS) {
    expect(() => makeWhole(file.path, one)).toThrow("it is a script");
  }
  expect(makeWhole(file.path, undefined)).toBe("this system, 0.0 MB");
});

test("the maps beside a binary are dropped, and nothing else", () => {
  using file = folderWith(machO());
  for (const name of ["molecule.map", "chunk-1.js.map", "map", "notes.txt"]) {
    writeFileSync(join(file.folder, name), "");
  }
  makeWhole(file.path, INTEL);
  expect(readdirSync(file.folder).toSorted()).toEqual(["map", "molecule", "notes.txt"]);
});

test("a target is known by its name, with Bun's prefix or without, and no other is", () => {
  expect(findTarget("bun-linux-x64")).toBe(target("linux-x64"));
  for (const name of ["", "freebsd-x64", "windows-arm64", "linux", "bun-"]) {
    expect(findTarget(name)).toBeUndefined();
  }
});

describe("a binary for this system", () => {
  const host = hostTarget();
  const copyOf = (program: string) => {
    const folder = tmpFolder();
    const path = join(folder.path, basename(BINARY));
    copyFileSync(program, path);
    return { path, [Symbol.dispose]: () => folder[Symbol.dispose]() };
  };

  test("is known as one, and as one for no other system", () => {
    using bun = copyOf(process.execPath);
    expect(makeWhole(bun.path, host)).toStartWith(`${host?.name ?? "this system"}, `);
    for (const other of TARGETS.filter((one) => one !== host)) {
      expect(() => makeWhole(bun.path, other)).toThrow(`not ${other.name}`);
    }
  }, 60_000);

  test("is run, and has to tell the version and the commit that it was built of", () => {
    using binary = copyOf(BINARY);
    const printed = Bun.spawnSync([BINARY, "--version"]).stdout.toString();
    const [, version = "", commit = ""] = /^molecule (\S+) \((\S+)\)/.exec(printed) ?? [];
    expect(finish(binary.path, host, { version, commit })).toEndWith(`, ${printed.trim()}`);
    expect(() => finish(binary.path, host, { version: "9.9.9", commit })).toThrow(
      `${binary.path} does not run: exit 0, it printed "${printed.trim()}"`,
    );
    expect(() => finish(binary.path, host, { version, commit: "0000000" })).toThrow("does not run");
  }, 60_000);

  test("is refused where it is another program", () => {
    using bun = copyOf(process.execPath);
    expect(() => finish(bun.path, host, { version: Bun.version, commit: "0000000" })).toThrow(
      `does not run: exit 0, it printed "${Bun.version}"`,
    );
  }, 60_000);

  test("is not run where it is for another one", () => {
    const other = host === INTEL ? target("darwin-arm64") : INTEL;
    const cpu = other === INTEL ? 0x0100_0007 : 0x0100_000c;
    using file = folderWith(machO({ cpu }));
    const note = finish(file.path, other, { version: "1.2.3", commit: "abcdef0" });
    expect(note).toBe(`${other.name}, 0.0 MB, signed ad hoc`);
  });
});

function breakIt(view: DataView): void {
  view.setUint8(START - 300, view.getUint8(START - 300) ^ 1);
}
