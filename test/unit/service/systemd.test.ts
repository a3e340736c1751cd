import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { standingOf } from "../../../src/service/seal.ts";
import { systemdUnit, systemState } from "../../../src/service/systemd.ts";
import type { Subject } from "../../../src/service/spec.ts";
import { UsageError } from "../../../src/shared/errors.ts";
import { onlyWhere } from "../../harness/platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { ID, spec, systemSpec } from "./spec.ts";
import { bareOf, valuesOf, wordsOf } from "./systemd-reader.ts";

const one = (unit: string, name: string) => {
  const values = valuesOf(unit, name);
  expect(values).toHaveLength(1);
  return values[0] ?? "";
};

/** The words that the program would get. */
const started = (unit: string, instance = "") =>
  wordsOf(one(unit, "ExecStart"), {
    instance,
    env: { CREDENTIALS_DIRECTORY: "/run/c", HOME: "/h" },
  });

/** Any text that may be an argument of a program. */
const argument = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(..."%$\"'\\; \t\n\r#{}i~*\u001b\u007fé"),
      fc.string({ unit: "grapheme" }),
    ),
  })
  .filter((text) => !text.includes("\0") && text.isWellFormed());

describe("values reach the program as they are", () => {
  test("any argument", () => {
    fc.assert(
      fc.property(fc.array(argument), (args) => {
        const unit = systemdUnit(spec({ args }));
        expect(started(unit)).toEqual(["/usr/bin/molecule", ...args]);
        expect(unit.split("\n").filter((line) => line.startsWith("ExecStart="))).toHaveLength(1);
      }),
    );
  });

  test("any argument in a template, where only %i is filled in", () => {
    fc.assert(
      fc.property(argument, (text) => {
        const args = ["connect", "%i", text];
        const unit = systemdUnit(spec({ subject: { kind: "template" }, args }));
        expect(started(unit, "INSTANCE").slice(1)).toEqual(
          args.map((word) => word.replaceAll("%i", "INSTANCE")),
        );
      }),
    );
  });

  const path = argument.map((text) => `/${text}`);
  const refused = /[\x00-\x1f\x7f]/;

  test("any variable, or it is refused", () => {
    fc.assert(
      fc.property(argument, (value) => {
        const write = () => systemdUnit(spec({ env: { NAME: value } }));
        if (/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) expect(write).toThrow(UsageError);
        else expect(wordsOf(one(write(), "Environment"))).toEqual([`NAME=${value}`]);
      }),
    );
  });

  test("any folder and credential, or they are refused", () => {
    fc.assert(
      fc.property(path, (folder) => {
        const write = () =>
          systemdUnit(systemSpec({ folder, credential: folder, storeFile: folder }));
        if (refused.test(folder) || /\s$|\\$/.test(folder))
          return expect(write).toThrow(UsageError);
        const unit = write();
        expect(bareOf(one(unit, "WorkingDirectory"))).toBe(folder);
        const handed = valuesOf(unit, "LoadCredential").map((value) => bareOf(value));
        expect(handed).toEqual([`token:${folder}`, `store:${folder}`]);
        expect(wordsOf(one(unit, "ReadWritePaths"))).toEqual(["-/home/ann", `-${folder}`]);
      }),
    );
  });

  test.each(["\0", "\ud800"])("what no unit can hold is refused: %j", (text) => {
    expect(() => systemdUnit(spec({ args: [`a${text}`] }))).toThrow(UsageError);
  });

  test("a file of variables may be no pattern", () => {
    expect(() => systemdUnit(spec({ envFile: "/etc/[a].env" }))).toThrow("pattern");
    expect(one(systemdUnit(spec({ envFile: "/etc/a b.env" })), "EnvironmentFile")).toBe(
      "/etc/a b.env",
    );
  });
});

describe("the unit", () => {
  test("of a user has no fence that needs privileges, and no account", () => {
    const unit = systemdUnit(spec());
    expect(unit).not.toMatch(/^(User|ProtectSystem|PrivateTmp|CapabilityBoundingSet|UMask)=/m);
    expect(one(unit, "WantedBy")).toBe("default.target");
    expect(one(unit, "NoNewPrivileges")).toBe("yes");
  });

  test("of the system runs as its account, with its token handed over", () => {
    const unit = systemdUnit(systemSpec());
    expect(one(unit, "User")).toBe("ann");
    expect(one(unit, "ProtectSystem")).toBe("strict");
    expect(one(unit, "CapabilityBoundingSet")).toBe("");
    expect(started(unit).slice(-2)).toEqual(["--token-file", "/run/c/token"]);
    expect(one(unit, "WantedBy")).toBe("multi-user.target");
  });

  test("of the system has a state of its own, for systemd gives all in it to its user", () => {
    const subjects: [Subject, string][] = [
      [{ kind: "workspace", id: ID }, ID],
      [{ kind: "template" }, "%i"],
      [{ kind: "fleet" }, "fleet"],
    ];
    for (const [subject, folder] of subjects) {
      const unit = systemdUnit(systemSpec({ subject, credential: undefined }));
      expect(one(unit, "StateDirectory")).toBe(`molecule/${folder}`);
      expect(one(unit, "StateDirectoryMode")).toBe("0700");
      expect(systemState(subject)).toBe(`/var/lib/molecule/${folder}`);
    }
  });

  test("never forbids what agents and this very program do", () => {
    for (const unit of [systemdUnit(spec()), systemdUnit(systemSpec())]) {
      expect(unit).not.toMatch(
        /^(MemoryDenyWriteExecute|RestrictNamespaces|PrivateDevices|ProtectClock)=/m,
      );
    }
  });

  test("lets the grace end before systemd loses its patience", () => {
    const unit = systemdUnit(spec({ graceSecs: 600 }));
    expect(Number(one(unit, "TimeoutStopSec"))).toBeGreaterThan(600);
    expect(one(unit, "KillMode")).toBe("mixed");
  });

  test("is not started again where that mends nothing", () => {
    const unit = systemdUnit(spec());
    expect(one(unit, "Restart")).toBe("on-failure");
    expect(one(unit, "RestartPreventExitStatus")).toBe("2 3 5");
    expect(one(unit, "StartLimitIntervalSec")).toBe("0");
  });

  test("hears of the bridge alone, and is told that it lives", () => {
    const unit = systemdUnit(spec());
    expect([one(unit, "Type"), one(unit, "NotifyAccess")]).toEqual(["notify", "main"]);
    expect(Number(one(unit, "WatchdogSec"))).toBeGreaterThan(0);
    expect(one(unit, "LimitCORE")).toBe("0");
  });

  test("has growing pauses where systemd knows them", () => {
    expect(systemdUnit(spec(), 254)).toContain("RestartSteps=");
    expect(systemdUnit(spec(), 252)).not.toContain("RestartSteps=");
  });

  test("is known again, also after it was changed", () => {
    const unit = systemdUnit(spec());
    expect(standingOf(unit)).toBe("ours");
    expect(standingOf(`${unit}Nice=5\n`)).toBe("changed");
  });
});

const analyze = onlyWhere(Bun.which("systemd-analyze") !== null, "systemd-analyze is not here");

analyze.describe("systemd itself", () => {
  const kinds = {
    "of a user": { unit: spec(), manager: "--user" },
    "of the system": { unit: systemSpec(), manager: "--system" },
    "of a template": {
      unit: systemSpec({ subject: { kind: "template" }, credential: "/etc/molecule/%i.token" }),
      manager: "--system",
    },
    "of a list, with difficult words": {
      unit: spec({ subject: { kind: "fleet" }, args: ["a $b %c", '"', "\\", "\n;", ";", "é"] }),
      manager: "--user",
    },
  };

  const name = { workspace: `molecule@${ID}`, template: "molecule@", fleet: "molecule" };

  function analyzed(words: string[], unit: string, file: string, home: string) {
    mkdirSync(join(home, "run"), { mode: 0o700 });
    writeFileSync(join(home, file), unit);
    const { exitCode, stdout, stderr } = Bun.spawnSync(
      ["systemd-analyze", ...words, join(home, file)],
      {
        env: {
          PATH: process.env.PATH ?? "",
          HOME: home,
          XDG_RUNTIME_DIR: join(home, "run"),
          LC_ALL: "C",
        },
      },
    );
    return { exitCode, text: `${stdout}${stderr}` };
  }

  analyze.test.each(Object.entries(kinds))(
    "finds nothing wrong with the unit %s",
    (_, kind) => {
      using home = tmpFolder();
      const { unit, manager } = kind;
      // It looks for the program, and is older or newer than what the unit is for.
      const text = systemdUnit({ ...unit, program: "/bin/sh", folder: "/" }, 252);
      const file = `${name[unit.subject.kind]}.service`;
      const { exitCode, text: said } = analyzed(
        ["verify", manager, "--man=no"],
        text,
        file,
        home.path,
      );
      const ours = said.split("\n").filter((line) => line.includes(file) && !/SYSTEMD_/.test(line));
      expect({ ours, exitCode }).toEqual({ ours: [], exitCode: 0 });
    },
    60_000,
  );

  analyze.test(
    "complains where there is something wrong",
    () => {
      using home = tmpFolder();
      const text = systemdUnit(spec({ program: "/bin/sh" }), 252).replace(
        "KillMode=mixed",
        "KillMode=soft",
      );
      const { text: said } = analyzed(
        ["verify", "--user", "--man=no"],
        text,
        "molecule.service",
        home.path,
      );
      expect(said).toContain("kill mode");
    },
    60_000,
  );

  analyze.test(
    "finds the unit of the system well fenced in",
    () => {
      using home = tmpFolder();
      const text = systemdUnit(systemSpec({ program: "/bin/sh" }), 252);
      const words = ["security", "--offline=yes", "--threshold=50", "--no-pager"];
      const { exitCode, text: said } = analyzed(words, text, "molecule.service", home.path);
      // Of 10, in tenths: the lower, the better.
      expect(said).toMatch(/Overall exposure level for molecule\.service: \d/);
      expect(exitCode).toBe(0);
    },
    60_000,
  );
});
