/** `molecule service print`: the file that install would write. */
import type { Context } from "../../cli/command.ts";
import { GLOBALS } from "../globals.ts";
import { show, warn } from "../show.ts";
import type { PrintValues } from "./index.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { managerFor } from "./managers.ts";
import { planService } from "./plan.ts";
import { subjectOf } from "./subject.ts";

export async function run(
  values: PrintValues,
  context: Context,
  machine: Machine = thisMachine(context),
): Promise<void> {
  const subject = await subjectOf(values, context.env);
  const manager = managerFor(machine, values.system ? "system" : "user", values.manager);
  const { spec, warnings } = await planService(values, subject, context, machine, manager);
  const text = manager.render(spec);
  for (const warning of warnings) warn(context, warning);
  if (context.get(GLOBALS.output) === "table") await context.io.out(text);
  else await show(context, { manager: manager.name, file: manager.fileOf(subject), text });
}
