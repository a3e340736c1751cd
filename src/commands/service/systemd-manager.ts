/** systemd, by systemctl. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { subjectOfUnit, unitName } from "../../service/names.ts";
import type { ServiceSpec, Subject } from "../../service/spec.ts";
import { systemdUnit } from "../../service/systemd.ts";
import { messageOf, MoleculeError } from "../../shared/errors.ts";
import { oneLine } from "../../shared/text.ts";
import { exitWords } from "./exit-words.ts";
import type { Machine } from "./machine.ts";
import type { Manager, Scope, ServiceState } from "./manager.ts";
import { mustRun, type Ran } from "./programs.ts";
import { lookAt } from "./service-file.ts";

/** A service ends within its TimeoutStopSec, which is at most a day and a little. */
const STOP_DEADLINE_MS = 25 * 3600_000;

export class SystemdManager implements Manager {
  readonly name = "systemd";
  readonly scope: Scope;
  readonly #machine: Machine;
  #version: number | undefined;

  constructor(machine: Machine, scope: Scope) {
    this.#machine = machine;
    this.scope = scope;
  }

  nameOf(subject: Subject): string {
    return unitName(subject);
  }

  fileOf(subject: Subject): string {
    return join(this.#folder, unitName(subject));
  }

  render(spec: ServiceSpec): string {
    return systemdUnit(spec, this.#version);
  }

  encode(text: string): string {
    return text;
  }

  async reach(): Promise<void> {
    const { code, out, err } = await this.#ctl(["show", "--property=Version"]).catch(
      (error: unknown): Ran => ({ code: 1, out: "", err: messageOf(error) }),
    );
    const version = /^Version=\D*(\d+)/m.exec(out)?.[1];
    if (code === 0 && version !== undefined) {
      this.#version = Number(version);
      return;
    }
    const why = oneLine(err, 200) || "it does not answer";
    throw new MoleculeError(`no systemd can be reached for this ${this.scope}: ${why}`, {
      hint: NO_SYSTEMD[this.scope],
    });
  }

  /** Vendors' units, and those of generators, lie in folders that ours would stand before. */
  async holder(subject: Subject): Promise<string | undefined> {
    const words = ["show", "--property=FragmentPath", unitName(subject)];
    const told = await this.#ctl(words).catch(() => undefined);
    const path = /^FragmentPath=(\/.*)$/m.exec(told?.out ?? "")?.[1];
    if (path === undefined || path === this.fileOf(subject)) return undefined;
    // An instance may get a unit that differs from our template.
    const isTemplate = path === this.fileOf({ kind: "template" });
    const isOurs = isTemplate && (await lookAt(path))?.standing === "ours";
    return isOurs ? undefined : path;
  }

  async start(subject: Subject): Promise<void> {
    await this.#must(["daemon-reload"]);
    if (subject.kind === "template") return;
    const name = unitName(subject);
    await this.#ctl(["reset-failed", name]);
    await this.#must(["enable", name]);
    // Also where it runs already, perhaps with other settings. How it fares is looked at from here.
    await this.#must(["restart", "--no-block", name]);
  }

  async stop(subject: Subject): Promise<void> {
    if (subject.kind === "template") {
      const instances = await this.#instances();
      if (instances.length === 0) return;
      throw new MoleculeError(`the template is in use by ${instances.join(", ")}`, {
        hint: `Stop them first: ${this.#words(["disable", "--now", ...instances]).join(" ")}`,
      });
    }
    await this.#must(["disable", "--now", unitName(subject)], STOP_DEADLINE_MS);
  }

  async forget(subject: Subject): Promise<void> {
    await this.#must(["daemon-reload"]);
    await this.#ctl(["reset-failed", unitName(subject)]);
  }

  async subjects(): Promise<Subject[]> {
    const files = await readdir(this.#folder).catch(() => []);
    const names = new Set([...files.sort(), ...(await this.#instances().catch(() => []))]);
    return [...names].flatMap((name) => subjectOfUnit(name) ?? []);
  }

  async state(subject: Subject): Promise<ServiceState> {
    const name = unitName(subject);
    try {
      return stateOf(await this.#must(["show", `--property=${PROPERTIES.join()}`, name]));
    } catch (error) {
      return { kind: "unknown", pid: undefined, detail: messageOf(error) };
    }
  }

  logOf(subject: Subject): string {
    const user = this.scope === "user" ? "--user " : "";
    return `journalctl ${user}-u ${unitName(subject)}`;
  }

  /** A user's services end with the last session, unless they linger. */
  async advice(): Promise<string | undefined> {
    const { uid, run } = this.#machine;
    if (this.scope === "system") return undefined;
    const words = ["loginctl", "show-user", String(uid), "--property=Linger", "--value"];
    const told = await run(words).catch(() => undefined);
    if (told?.out.trim() === "yes") return undefined;
    return "it starts when you log in and ends when you log out; loginctl enable-linger has it run from start-up on";
  }

  get #folder(): string {
    const { units, env, home } = this.#machine;
    if (this.scope === "system") return units;
    return join(env["XDG_CONFIG_HOME"] || join(home, ".config"), "systemd", "user");
  }

  /** Units of the template that systemd knows, whether or not there is a file of them. */
  async #instances(): Promise<string[]> {
    const lines = await this.#must([
      "list-units",
      "molecule@*.service",
      "--all",
      "--plain",
      "--no-legend",
    ]);
    return lines.split("\n").flatMap((line) => {
      const [name = "", load, active] = line.trim().split(/\s+/);
      return load === "loaded" && active !== "inactive" && subjectOfUnit(name) ? [name] : [];
    });
  }

  #ctl(words: readonly string[], deadlineMs?: number): Promise<Ran> {
    return this.#machine.run(this.#words(words), deadlineMs);
  }

  #must(words: readonly string[], deadlineMs?: number): Promise<string> {
    return mustRun(this.#machine.run, this.#words(words), deadlineMs);
  }

  #words(words: readonly string[]): string[] {
    return ["systemctl", ...(this.scope === "user" ? ["--user"] : []), ...words];
  }
}

const NO_SYSTEMD: Record<Scope, string> = {
  user: "Log in as that user (not by su or sudo), or take --system. Where no systemd runs, as in a container, have what starts it run molecule connect, or take the unit that molecule service print shows elsewhere.",
  system:
    "Where no systemd runs, as in a container, have what starts it run molecule connect, or take the unit that molecule service print shows elsewhere.",
};

const PROPERTIES = [
  "Job",
  "LoadState",
  "ActiveState",
  "SubState",
  "Result",
  "ExecMainCode",
  "ExecMainStatus",
  "MainPID",
  "StatusText",
  "NRestarts",
];

const KINDS: Record<string, ServiceState["kind"]> = {
  active: "running",
  reloading: "running",
  activating: "starting",
  deactivating: "stopping",
  inactive: "stopped",
  failed: "failed",
};

/** From what `systemctl show` prints, a property a line. */
function stateOf(text: string): ServiceState {
  const lines = text.split("\n").map((line) => line.split(/=(.*)/s));
  const of = (name: string) => lines.find(([one]) => one === name)?.[1] ?? "";
  const restarting = of("SubState") === "auto-restart";
  const standing = restarting ? "restarting" : (KINDS[of("ActiveState")] ?? "unknown");
  // A restart is on its way: what runs is the old one.
  const isLeaving = standing === "running" && of("Job") !== "";
  const kind = isLeaving ? "starting" : standing;
  const pid = Number(of("MainPID"));
  const ended = kind === "restarting" || kind === "failed" ? endOf(of) : "";
  const restarts = Number(of("NRestarts"));
  const often =
    restarts > 0 && kind !== "stopped"
      ? `started again ${restarts === 1 ? "once" : `${restarts} times`}`
      : "";
  const parts = [
    of("LoadState") === "loaded" ? "" : of("LoadState"),
    ended || of("StatusText"),
    often,
  ];
  return {
    kind,
    pid: pid > 0 ? pid : undefined,
    detail: oneLine(parts.filter((part) => part !== "").join("; "), 200),
  };
}

function endOf(of: (name: string) => string): string {
  // 1 is CLD_EXITED (waitid(2)).
  if (of("ExecMainCode") === "1") return exitWords(Number(of("ExecMainStatus")));
  return of("Result") === "success" ? "" : of("Result");
}
