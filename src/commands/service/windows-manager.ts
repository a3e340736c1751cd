/** The Task Scheduler of Windows, by schtasks and, for what is in no fixed language, PowerShell. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { subjectOfLabel, taskName } from "../../service/names.ts";
import type { ServiceSpec, Subject } from "../../service/spec.ts";
import { windowsTask } from "../../service/windows.ts";
import { messageOf, UsageError } from "../../shared/errors.ts";
import { exitWords } from "./exit-words.ts";
import type { Machine } from "./machine.ts";
import { type Manager, noEnvFile, noTemplates, type Scope, type ServiceState } from "./manager.ts";
import { mustRun } from "./programs.ts";

export class WindowsManager implements Manager {
  readonly name = "windows";
  readonly scope: Scope;
  readonly #machine: Machine;

  constructor(machine: Machine, scope: Scope) {
    this.#machine = machine;
    this.scope = scope;
  }

  nameOf(subject: Subject): string {
    return taskName(subject);
  }

  /** The Task Scheduler keeps the task in a form of its own; this is what it was made from. */
  fileOf(subject: Subject): string {
    return join(this.#folder, `${taskName(subject).replace(/^.*\\/, "")}.xml`);
  }

  render(spec: ServiceSpec): string {
    if (spec.subject.kind === "template") throw noTemplates("the Task Scheduler");
    if (spec.envFile !== undefined) throw noEnvFile("the Task Scheduler");
    if (Object.keys(spec.env).length > 0) {
      throw new UsageError(
        "the Task Scheduler gives a task no variables of its own",
        "Set them for your account: setx NAME VALUE.",
      );
    }
    const { env, user } = this.#machine;
    const domain = env["USERDOMAIN"];
    return windowsTask(spec, spec.runAs?.name ?? (domain ? `${domain}\\${user}` : user));
  }

  /** UTF-16, the form that schtasks writes itself. */
  encode(text: string): Uint8Array {
    return Buffer.from(`\ufeff${text.replaceAll("\n", "\r\n")}`, "utf16le");
  }

  async reach(): Promise<void> {}

  async holder(subject: Subject): Promise<string | undefined> {
    return (await this.#isThere(subject)) ? "a task that this tool did not make" : undefined;
  }

  async start(subject: Subject): Promise<void> {
    const { run } = this.#machine;
    const name = taskName(subject);
    const file = this.fileOf(subject);
    // One that runs goes on with what it was started with.
    await this.#schtasks(["/End", "/TN", name]);
    await mustRun(run, ["schtasks", "/Create", "/TN", name, "/XML", file, "/F"]);
    await mustRun(run, ["schtasks", "/Run", "/TN", name]);
  }

  async stop(subject: Subject): Promise<void> {
    const name = taskName(subject);
    await this.#schtasks(["/End", "/TN", name]);
    if (await this.#isThere(subject)) {
      await mustRun(this.#machine.run, ["schtasks", "/Delete", "/TN", name, "/F"]);
    }
  }

  async forget(): Promise<void> {}

  async subjects(): Promise<Subject[]> {
    const files = await readdir(this.#folder).catch(() => []);
    return files.sort().flatMap((name) => {
      const id = /^(.+)\.xml$/.exec(name)?.[1];
      return id === undefined ? [] : (subjectOfLabel(id) ?? []);
    });
  }

  async state(subject: Subject): Promise<ServiceState> {
    const name = taskName(subject).replace(/^.*\\/, "");
    const task = `-TaskPath '\\Molecule\\' -TaskName '${name.replaceAll("'", "''")}' -ErrorAction Stop`;
    const script = `(Get-ScheduledTask ${task}).State.ToString() + ' ' + (Get-ScheduledTaskInfo ${task}).LastTaskResult`;
    try {
      const words = ["powershell", "-NoProfile", "-NonInteractive", "-Command", script];
      return stateOf(await mustRun(this.#machine.run, words));
    } catch (error) {
      return { kind: "unknown", pid: undefined, detail: messageOf(error) };
    }
  }

  logOf(): string {
    return "nowhere: the Task Scheduler keeps no output";
  }

  async advice(): Promise<string | undefined> {
    return "it is a task and no service of Windows: it is ended without a grace, and what is in hand is run again";
  }

  async #isThere(subject: Subject): Promise<boolean> {
    return (await this.#schtasks(["/Query", "/TN", taskName(subject)])).code === 0;
  }

  #schtasks(words: readonly string[]) {
    return this.#machine.run(["schtasks", ...words]);
  }

  get #folder(): string {
    const { env, home } = this.#machine;
    const data = env["LOCALAPPDATA"] || join(home, "AppData", "Local");
    return join(data, "molecule", "services", this.scope);
  }
}

/** From the name of an enumeration, and the last exit code; 0x41301 and the like are the scheduler's own. */
function stateOf(text: string): ServiceState {
  const [state = "", result = ""] = text.trim().split(/\s+/);
  const code = Number(result);
  if (state === "Running") return { kind: "running", pid: undefined, detail: "" };
  if (state === "Queued") return { kind: "starting", pid: undefined, detail: "" };
  const failed = code > 0 && code < 256;
  const detail = failed ? exitWords(code) : state === "Disabled" ? "disabled" : "";
  return { kind: failed ? "failed" : "stopped", pid: undefined, detail };
}
