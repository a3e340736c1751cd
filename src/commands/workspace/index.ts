/** `molecule workspace`: the workspaces of the platform. */
import { group } from "../../cli/command.ts";
import { audit } from "./audit.ts";
import { create } from "./create.ts";
import { delegate } from "./delegate.ts";
import { delegations } from "./delegations.ts";
import { remove } from "./delete.ts";
import { inspect } from "./inspect.ts";
import { pause, restart, resume } from "./lifecycle.ts";
import { list } from "./list.ts";
import { logs } from "./logs.ts";
import { rotate } from "./rotate.ts";
import { update } from "./update.ts";

export const workspace = group({
  name: "workspace",
  summary: "make, see and change workspaces",
  description: `A workspace is the place of one agent on the platform. Most of these commands take an admin or
organisation token; what concerns one workspace alone also takes that workspace's own.`,
  commands: [
    list,
    create,
    inspect,
    logs,
    update,
    restart,
    pause,
    resume,
    rotate,
    remove,
    delegate,
    delegations,
    audit,
  ],
  examples: [
    "molecule workspace list --tree --api-token-file ./admin.token",
    "molecule workspace create reviewer --api-token-file ./admin.token",
    "molecule workspace logs <workspace-id> --follow",
  ],
});
