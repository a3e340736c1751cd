import type { Env } from "../../cli/command.ts";
import type { Subject } from "../../service/spec.ts";
import { UsageError } from "../../shared/errors.ts";
import { requireUuid } from "../which/workspace-id.ts";

/** What the words speak of: a workspace, the template, or a config file's list. Rejects with a UsageError. */
export async function subjectOf(
  { workspaceId, template }: { workspaceId: string | undefined; template: boolean },
  env: Env,
): Promise<Subject> {
  if (workspaceId === undefined) return { kind: template ? "template" : "fleet" };
  if (template) {
    throw new UsageError(
      "--template is for every workspace, so it takes no id",
      "Its instances name them: systemctl --user enable --now molecule@WORKSPACE-ID",
    );
  }
  return { kind: "workspace", id: await requireUuid(workspaceId, env) };
}
