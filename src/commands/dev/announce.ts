/** What `molecule dev` says when it is ready: what a person pastes next, or what a script reads. */
import type { Context } from "../../cli/command.ts";
import type { SeededWorkspace } from "../../dev/seed.ts";
import { shellWord } from "../../shared/shell-word.ts";
import { GLOBALS } from "../globals.ts";
import { show } from "../show.ts";

export interface Ready {
  url: string;
  port: number;
  /** What its callers have to name, if anything. */
  tenantOrg: string | undefined;
  /** The agent's and then its peers'. */
  workspaces: readonly SeededWorkspace[];
  adminTokenFile: string;
  /** Its files are there the next time, too. */
  isKept: boolean;
}

/** Prints it on standard output; as JSON in one line, so that a script can wait for it. */
export async function announce(ready: Ready, context: Context): Promise<void> {
  const format = context.get(GLOBALS.output);
  if (format === "table") return context.io.out(words(ready));
  const data = {
    url: ready.url,
    workspaces: ready.workspaces.map(({ id, name, tokenFile }) => ({
      id,
      name,
      token_file: tokenFile,
    })),
    admin_token_file: ready.adminTokenFile,
  };
  if (format === "json") return context.io.out(`${JSON.stringify(data)}\n`);
  return show(context, data);
}

function words(ready: Ready): string {
  const [agent, peer] = ready.workspaces;
  if (agent === undefined || peer === undefined) throw new Error("nothing was seeded");
  const at = placeOf(ready);
  const as = `--as ${peer.id} --token-file ${shellWord(peer.tokenFile)}`;
  const admin = shellWord(ready.adminTokenFile);
  // A setting that outlives what it names would only be in the way.
  const lookAround = ready.isKept
    ? `Look around; the first line spares you the flag from here on:
  molecule config set api_token_file ${admin}
  molecule workspace list${at}`
    : `Look around:
  molecule workspace list${at} --api-token-file ${admin}`;
  return `The platform is ready at ${ready.url}

Connect a program as its agent, from a second terminal:
  molecule connect ${agent.id}${at} --token-file ${shellWord(agent.tokenFile)} --backend exec --backend-opt cmd='tr a-z A-Z'

Talk to it, from a third one, as the peer "${peer.name}" or as the person at the canvas:
  molecule agent send ${agent.id} 'hello there'${at} ${as}
  molecule agent send ${agent.id} 'hello there'${at} --api-token-file ${admin}

${lookAround}

Ctrl-C stops it.
`;
}

/** The flags by which a command finds it, each after a space; none where it finds it by itself. */
function placeOf({ port, url, tenantOrg }: Ready): string {
  const address = port === 8080 ? "" : ` --api-url ${url}`;
  return tenantOrg === undefined ? address : `${address} --org-id ${shellWord(tenantOrg)}`;
}
