/** `molecule doctor`: what it does. */
import type { Context } from "../../cli/command.ts";
import { columnsOf, isTerminal, wantsColor } from "../../cli/terminal.ts";
import { systemClock } from "../../shared/clock.ts";
import type { ExitCode } from "../../shared/errors.ts";
import { GLOBALS } from "../globals.ts";
import { show } from "../show.ts";
import { stateFolder } from "../access/state-folder.ts";
import { requireKnown } from "../which/workspace-id.ts";
import { CHECKS } from "./checks.ts";
import type { DoctorValues } from "./doctor.ts";
import { examine } from "./examine.ts";
import { Patient } from "./patient.ts";
import { dataOf, exitCodeOf, linesOf } from "./report.ts";

/** Runs all checks; tells of each as it ends, or of all as data. */
export async function run(values: DoctorValues, context: Context): Promise<ExitCode> {
  const { workspaceId } = values;
  const patient = new Patient(values, context, {
    clock: systemClock,
    workspaceId:
      workspaceId === undefined ? undefined : await requireKnown(workspaceId, context.env),
    folder: stateFolder(values.stateDir),
  });
  const isTable = context.get(GLOBALS.output) === "table";
  const terminal = isTerminal(1);
  const look = {
    nameWidth: Math.max(...CHECKS.map(({ name }) => name.length)),
    width: terminal ? columnsOf(1, context.env) : undefined,
    color: wantsColor(context.env, () => terminal),
  };
  const results = await examine(CHECKS, patient, (result) =>
    isTable ? context.io.out(linesOf(result, look)) : undefined,
  );
  if (!isTable) await show(context, dataOf(results));
  return exitCodeOf(results);
}
