/** `molecule service install`: writes the file, starts the service, and looks whether it runs. */
import type { Context } from "../../cli/command.ts";
import { ExitCode, MoleculeError, UsageError } from "../../shared/errors.ts";
import type { Subject } from "../../service/spec.ts";
import { shellWord } from "../../shared/shell-word.ts";
import { note, show, showWait, warn } from "../show.ts";
import type { InstallValues } from "./index.ts";
import { type Machine, thisMachine } from "./machine.ts";
import type { Manager } from "./manager.ts";
import { managerFor } from "./managers.ts";
import { planService } from "./plan.ts";
import { refuseTheirs, lookAt, writeServiceFile } from "./service-file.ts";
import { settled } from "./settled.ts";
import { subjectOf } from "./subject.ts";

export async function run(
  values: InstallValues,
  context: Context,
  machine: Machine = thisMachine(context),
): Promise<ExitCode> {
  const subject = await subjectOf(values, context.env);
  const manager = managerFor(machine, values.system ? "system" : "user");
  // First of all: where there is none, no other words mend it. It also tells what the file may hold.
  if (values.start) await managerAt(manager, machine).reach();
  refuseRoot(manager, machine);
  const { spec, state, warnings } = await planService(values, subject, context, machine, manager);
  const file = manager.fileOf(subject);
  const data = manager.encode(manager.render(spec));
  await refuseTheirs(file, values.force, "replace");
  await refuseTaken(manager, subject, values.force);
  for (const warning of warnings) warn(context, warning);
  await writeServiceFile(file, data);
  const name = manager.nameOf(subject);
  note(context, `wrote ${file}`);
  const { scope } = manager;
  const place = state === undefined ? {} : { state_dir: state };
  const facts = { service: name, manager: manager.name, scope, file, ...place };
  if (!values.start || subject.kind === "template") {
    if (values.start) await manager.start(subject);
    await show(context, { ...facts, state: "installed" });
    if (subject.kind === "template") note(context, instanceHint(manager));
    if (state !== undefined) note(context, stateHint(state, manager));
    return ExitCode.ok;
  }
  await manager.start(subject);
  const found = await showWait(context, `waiting for ${name} to connect`, () =>
    settled(manager, subject, machine.clock),
  );
  const { kind, pid, detail } = found;
  await show(context, { ...facts, state: kind, ...(pid === undefined ? {} : { pid }), detail });
  if (state !== undefined) note(context, stateHint(state, manager));
  const advice = await manager.advice();
  if (advice !== undefined) note(context, `note: ${advice}`);
  if (kind === "running") return ExitCode.ok;
  const why = detail === "" ? "" : `: ${detail}`;
  throw new MoleculeError(
    kind === "starting"
      ? `${name} was started and is not connected yet${why}`
      : `${name} was installed and does not run (${kind})${why}`,
    { hint: `What it says: ${manager.logOf(subject)}` },
  );
}

/** Root has, as a rule, no session that a manager of its own would run in: that of the system tells whether there is one. */
function managerAt(manager: Manager, machine: Machine): Manager {
  return isRoots(manager, machine) ? managerFor(machine, "system") : manager;
}

function refuseRoot(manager: Manager, machine: Machine): void {
  if (!isRoots(manager, machine)) return;
  const system = "add --system for one that runs as another user";
  throw new UsageError(
    "you are root, and a service of the user would be root's",
    machine.env["SUDO_USER"]
      ? `Leave sudo out, or ${system}.`
      : `Log in as that user, or ${system}.`,
  );
}

/** It would be root's own, which hardly anybody means. */
function isRoots({ scope, name }: Manager, { uid }: Machine): boolean {
  return uid === 0 && scope === "user" && name !== "windows";
}

async function refuseTaken(manager: Manager, subject: Subject, force: boolean): Promise<void> {
  if (force || (await lookAt(manager.fileOf(subject))) !== undefined) return;
  const holder = await manager.holder(subject);
  if (holder === undefined) return;
  throw new MoleculeError(
    `${manager.name} has a service ${manager.nameOf(subject)} already: ${holder}`,
    { hint: "Look at it, and put this one in its place by --force if it is not needed." },
  );
}

function stateHint(folder: string, { scope }: Manager): string {
  const sudo = scope === "system" ? "sudo " : "";
  const word = shellWord(folder.replaceAll("%i", "WORKSPACE-ID"));
  return `how it is: ${sudo}molecule status --state-dir ${word}`;
}

function instanceHint({ scope }: Manager): string {
  const user = scope === "user" ? "--user " : "";
  return `to serve a workspace by it: systemctl ${user}enable --now molecule@WORKSPACE-ID`;
}
