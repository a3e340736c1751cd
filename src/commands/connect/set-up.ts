/** From the settings of `molecule connect` to the workspaces that it is to answer. */
import { parseOptions } from "../../backends/options.ts";
import { findBackend } from "../../backends/registry.ts";
import type { Context } from "../../cli/command.ts";
import { Allowances } from "../../fleet/allowances.ts";
import { systemClock } from "../../shared/clock.ts";
import { httpParts } from "../access/http-parts.ts";
import type { ConnectValues } from "./connect.ts";
import { namesOf } from "./names.ts";
import { type SharedParts, WorkspaceRun, type WorkspaceSetup } from "./workspace-run.ts";
import { chooseWorkspaces, within } from "./workspaces.ts";

/** Which workspaces are answered, and with what. Rejects with a UsageError for what can't be meant. */
export async function setUp(values: ConnectValues, context: Context): Promise<WorkspaceSetup[]> {
  const all = await chooseWorkspaces(values, context);
  // In JSON a field says it.
  const names = values.logFormat === "text" ? namesOf(all) : new Map<string, string>();
  return all.map((chosen): WorkspaceSetup => {
    const { backend, backendOpt } = chosen.flags;
    return within(chosen, all, () => {
      const type = findBackend(backend);
      const options = parseOptions(type, backendOpt);
      return { chosen, type, options, name: names.get(chosen.id) };
    });
  });
}

/** The workspaces of one process, with the parts that they share. No I/O. */
export function workspacesOf(
  setups: readonly WorkspaceSetup[],
  context: Context,
  place: Pick<SharedParts, "log" | "folder" | "baseUrl" | "stores">,
): WorkspaceRun[] {
  let http: ReturnType<SharedParts["http"]> | undefined;
  const shared: SharedParts = {
    ...place,
    http: () => (http ??= httpParts(context, { token: { value: undefined }, orgId: undefined })),
    allowances: new Allowances(systemClock, () => place.stores?.serving ?? 1),
  };
  return setups.map((setup) => new WorkspaceRun(setup, shared));
}
