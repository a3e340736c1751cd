/** launchd, by launchctl. */
import { readdir, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { launchdPlist } from "../../service/launchd.ts";
import { launchdLabel, subjectOfLabel } from "../../service/names.ts";
import { type ServiceSpec, type Subject, STOP_MARGIN_SECS } from "../../service/spec.ts";
import { messageOf, MoleculeError } from "../../shared/errors.ts";
import { exitWords } from "./exit-words.ts";
import type { Machine } from "./machine.ts";
import { type Manager, noEnvFile, noTemplates, type Scope, type ServiceState } from "./manager.ts";
import { mustRun } from "./programs.ts";

const LOOK_MS = 250;
/** The longest grace, a day, and what comes on top of it. */
const STOP_DEADLINE_MS = (86_400 + 2 * STOP_MARGIN_SECS) * 1000;

export class LaunchdManager implements Manager {
  readonly name = "launchd";
  readonly scope: Scope;
  readonly #machine: Machine;

  constructor(machine: Machine, scope: Scope) {
    this.#machine = machine;
    this.scope = scope;
  }

  nameOf(subject: Subject): string {
    return launchdLabel(subject);
  }

  fileOf(subject: Subject): string {
    return join(this.#folder, `${launchdLabel(subject)}.plist`);
  }

  render(spec: ServiceSpec): string {
    if (spec.subject.kind === "template") throw noTemplates("launchd");
    if (spec.envFile !== undefined) throw noEnvFile("launchd");
    return launchdPlist(spec, launchdLabel(spec.subject), this.logOf(spec.subject));
  }

  encode(text: string): string {
    return text;
  }

  async reach(): Promise<void> {
    const { code, err } = await this.#machine.run(["launchctl", "print", this.#domain]);
    if (code === 0) return;
    throw new MoleculeError(`launchd can't be asked for ${this.#domain}: ${err.trim()}`, {
      hint: "A service of a user needs that user to be logged in at the screen; --system needs none.",
    });
  }

  async holder(): Promise<string | undefined> {
    return undefined;
  }

  async start(subject: Subject): Promise<void> {
    const { run } = this.#machine;
    await this.#bootOut(subject);
    // It does not make the folder of a log.
    await mkdir(dirname(this.logOf(subject)), { recursive: true });
    await mustRun(run, ["launchctl", "enable", this.#target(subject)]);
    await mustRun(run, ["launchctl", "bootstrap", this.#domain, this.fileOf(subject)]);
  }

  stop(subject: Subject): Promise<void> {
    return this.#bootOut(subject);
  }

  async forget(): Promise<void> {}

  async subjects(): Promise<Subject[]> {
    const files = await readdir(this.#folder).catch(() => []);
    return files.sort().flatMap((name) => {
      const label = /^(ai\.molecule\..+)\.plist$/.exec(name)?.[1];
      return label === undefined ? [] : (subjectOfLabel(label) ?? []);
    });
  }

  async state(subject: Subject): Promise<ServiceState> {
    try {
      const { code, out } = await this.#machine.run(["launchctl", "print", this.#target(subject)]);
      return code === 0 ? stateOf(out) : { kind: "stopped", pid: undefined, detail: "not loaded" };
    } catch (error) {
      return { kind: "unknown", pid: undefined, detail: messageOf(error) };
    }
  }

  logOf(subject: Subject): string {
    const name = `${launchdLabel(subject)}.log`;
    if (this.scope === "system") return `/Library/Logs/molecule/${name}`;
    return join(this.#machine.home, "Library", "Logs", "molecule", name);
  }

  async advice(): Promise<string | undefined> {
    return "its log grows without end: launchd turns none over (newsyslog can)";
  }

  get #folder(): string {
    const { home, daemons } = this.#machine;
    return this.scope === "system" ? daemons : join(home, "Library", "LaunchAgents");
  }

  get #domain(): string {
    return this.scope === "system" ? "system" : `gui/${this.#machine.uid ?? 0}`;
  }

  #target(subject: Subject): string {
    return `${this.#domain}/${launchdLabel(subject)}`;
  }

  /** Returns before the service has ended; a bootstrap in that time fails. */
  async #bootOut(subject: Subject): Promise<void> {
    const { run, clock } = this.#machine;
    const target = this.#target(subject);
    await run(["launchctl", "bootout", target]);
    const end = clock.monotonic() + STOP_DEADLINE_MS;
    while ((await run(["launchctl", "print", target])).code === 0) {
      if (clock.monotonic() >= end) throw new MoleculeError(`${target} does not end`);
      await clock.sleep(LOOK_MS);
    }
  }
}

/** From what `launchctl print` tells, which is made for people. */
function stateOf(text: string): ServiceState {
  const of = (name: string) => new RegExp(`^\\s*${name} = (.*)$`, "m").exec(text)?.[1]?.trim();
  const pid = Number(of("pid"));
  const code = Number(of("last exit code") ?? Number.NaN);
  const running = of("state") === "running";
  const failed = !running && Number.isInteger(code) && code !== 0;
  return {
    kind: running ? "running" : failed ? "failed" : "stopped",
    pid: pid > 0 ? pid : undefined,
    detail: failed ? exitWords(code) : "",
  };
}
