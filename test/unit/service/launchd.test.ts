import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { launchdPlist } from "../../../src/service/launchd.ts";
import { standingOf } from "../../../src/service/seal.ts";
import type { ServiceSpec } from "../../../src/service/spec.ts";
import { UsageError } from "../../../src/shared/errors.ts";
import { spec, systemSpec } from "./spec.ts";
import { type Element, find, readXml } from "./xml-reader.ts";

const write = (of: ServiceSpec) => launchdPlist(of, "ai.molecule.x", "/l/x.log");

/** The dictionary by its keys. */
function read(text: string): Map<string, Element> {
  const [dict] = readXml(text).children;
  const children = dict?.children ?? [];
  return new Map(
    children.flatMap((child, i) =>
      child.name === "key" ? [[child.text, children[i + 1] as Element] as const] : [],
    ),
  );
}

const texts = (element: Element | undefined) => element?.children.map(({ text }) => text);

test("any argument, variable and folder is there as it is, or refused", () => {
  const hostile = fc.string({
    unit: fc.oneof(
      fc.constantFrom(..."<>&\"'\r\n\t \u0001\ufffe]-é"),
      fc.string({ unit: "grapheme" }),
    ),
  });
  fc.assert(
    fc.property(hostile, (text) => {
      const all = spec({ args: ["connect", text], env: { NAME: text }, folder: `/${text}` });
      if (/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(text) || !text.isWellFormed()) {
        return expect(() => write(all)).toThrow(UsageError);
      }
      const plist = read(write(all));
      expect(texts(plist.get("ProgramArguments"))).toEqual(["/usr/bin/molecule", "connect", text]);
      expect(texts(plist.get("EnvironmentVariables"))).toEqual(["NAME", text]);
      expect(plist.get("WorkingDirectory")?.text).toBe(`/${text}`);
    }),
  );
});

describe("the property list", () => {
  test("of a user starts with the session, and again after a failure", () => {
    const plist = read(write(spec()));
    expect(plist.get("RunAtLoad")?.name).toBe("true");
    expect(find(plist.get("KeepAlive") as Element, "key").text).toBe("SuccessfulExit");
    expect(find(plist.get("KeepAlive") as Element, "false")).toBeDefined();
    expect(plist.has("UserName")).toBe(false);
    expect(plist.get("Label")?.text).toBe("ai.molecule.x");
  });

  test("of the system runs as its account, in whose home it is", () => {
    const plist = read(write(systemSpec()));
    expect(plist.get("UserName")?.text).toBe("ann");
    expect(texts(plist.get("EnvironmentVariables"))).toEqual(["HOME", "/home/ann"]);
    // 077.
    expect(plist.get("Umask")?.text).toBe("63");
  });

  test("lets the grace end before launchd loses its patience", () => {
    expect(Number(read(write(spec({ graceSecs: 600 }))).get("ExitTimeOut")?.text)).toBeGreaterThan(
      600,
    );
  });

  test("is known again, also after it was changed", () => {
    const text = write(spec());
    expect(standingOf(text)).toBe("ours");
    expect(standingOf(text.replace("<integer>30", "<integer>31"))).toBe("changed");
  });
});
