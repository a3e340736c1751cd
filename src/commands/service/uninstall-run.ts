/** `molecule service uninstall`: stops what install has started, and removes what it has written. */
import type { Context } from "../../cli/command.ts";
import { MoleculeError } from "../../shared/errors.ts";
import { showWait, tell } from "../show.ts";
import type { UninstallValues } from "./index.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { managerFor } from "./managers.ts";
import { lookAt, refuseTheirs, removeServiceFile } from "./service-file.ts";
import { subjectOf } from "./subject.ts";

export async function run(
  values: UninstallValues,
  context: Context,
  machine: Machine = thisMachine(context),
): Promise<void> {
  const subject = await subjectOf(values, context.env);
  const manager = managerFor(machine, values.system ? "system" : "user");
  const file = manager.fileOf(subject);
  const name = manager.nameOf(subject);
  if ((await lookAt(file)) === undefined) {
    throw new MoleculeError(`there is no service ${name}: ${file} is not there`, {
      hint: "molecule service status lists those that are; those of the system take --system.",
    });
  }
  await refuseTheirs(file, values.force, "remove");
  await manager.reach();
  await showWait(context, `waiting for ${name} to finish what is in hand`, () =>
    manager.stop(subject),
  );
  await removeServiceFile(file);
  await manager.forget(subject);
  await tell(
    context,
    { service: name, file, removed: true },
    `stopped ${name} and removed ${file}`,
  );
}
