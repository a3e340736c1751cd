/** `molecule service install`: writes the file, starts the service, and looks whether it runs. */
import type { Context } from "../../cli/command.ts";
import { ExitCode, MoleculeError, UsageError } from "../../shared/errors.ts";
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
  refuseRoot(manager, machine);
  const { spec, warnings } = await planService(values, subject, context, machine, manager);
  // Before anything is written; it also tells what the file may hold.
  if (values.start) await manager.reach();
  const file = manager.fileOf(subject);
  const data = manager.encode(manager.render(spec));
  await refuseTheirs(file, values.force, "replace");
  await refuseTaken(manager, values.force, () => manager.isTaken(subject), file);
  for (const warning of warnings) warn(context, warning);
  await writeServiceFile(file, data);
  const name = manager.nameOf(subject);
  note(context, `wrote ${file}`);
  const facts = { service: name, manager: manager.name, scope: manager.scope, file };
  if (!values.start || subject.kind === "template") {
    if (values.start) await manager.start(subject);
    await show(context, { ...facts, state: "installed" });
    if (subject.kind === "template") note(context, instanceHint(manager));
    return ExitCode.ok;
  }
  await manager.start(subject);
  const state = await showWait(context, `waiting for ${name} to connect`, () =>
    settled(manager, subject, machine.clock),
  );
  const { kind, pid, detail } = state;
  await show(context, { ...facts, state: kind, ...(pid === undefined ? {} : { pid }), detail });
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

/** It would be root's own, which hardly anybody means. */
function refuseRoot({ scope, name }: Manager, { uid }: Machine): void {
  if (uid !== 0 || scope === "system" || name === "windows") return;
  throw new UsageError(
    "you are root, and a service of the user would be root's",
    "Leave sudo out, or add --system for one that runs as another user.",
  );
}

async function refuseTaken(
  manager: Manager,
  force: boolean,
  isTaken: () => Promise<boolean>,
  file: string,
): Promise<void> {
  if (force || (await lookAt(file)) !== undefined || !(await isTaken())) return;
  throw new MoleculeError(
    `${manager.name} has a service of this name that this tool did not make`,
    {
      hint: "Look at it, and replace it by --force if it is not needed.",
    },
  );
}

function instanceHint({ scope }: Manager): string {
  const user = scope === "user" ? "--user " : "";
  return `to serve a workspace by it: systemctl ${user}enable --now molecule@WORKSPACE-ID`;
}
