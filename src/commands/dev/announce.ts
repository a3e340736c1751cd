/** What `molecule dev` says when it is ready: what a person pastes next, or what a script reads. */
import type { Context } from "../../cli/command.ts";
import type { SeededWorkspace } from "../../dev/seed.ts";
import { shellWord } from "../../shared/shell-word.ts";
import { GLOBALS } from "../globals.ts";
import { show } from "../show.ts";
import { connectLine, placeOf, type Whereabouts } from "./whereabouts.ts";

export interface Ready extends Whereabouts {
  /** The link to the page, which is the one place that tells `pageToken`. */
  pageUrl: string;
  pageToken: string;
  /** The agent's and then its peers'. */
  workspaces: readonly SeededWorkspace[];
  adminTokenFile: string;
  /** Its files are there the next time, too. */
  isKept: boolean;
  /** What a bridge of this process answers with as the agent; undefined where there is none. */
  backend: string | undefined;
}

/** Prints it on standard output; as JSON in one line, so that a script can wait for it. */
export async function announce(ready: Ready, context: Context): Promise<void> {
  const { io } = context;
  const { pageToken } = ready;
  const format = context.get(GLOBALS.output);
  if (format === "table") return io.reveal(words(ready), pageToken);
  const data = {
    url: ready.url,
    page_url: ready.pageUrl,
    workspaces: ready.workspaces.map(({ id, name, tokenFile }) => ({
      id,
      name,
      token_file: tokenFile,
    })),
    admin_token_file: ready.adminTokenFile,
  };
  if (format === "json") return io.reveal(`${JSON.stringify(data)}\n`, pageToken);
  const mask = (text: string) => io.secrets.mask(text, pageToken);
  return show(context, data, undefined, { mask });
}

function words(ready: Ready): string {
  const [agent, peer] = ready.workspaces;
  if (agent === undefined || peer === undefined) throw new Error("nothing was seeded");
  const at = placeOf(ready);
  const as = `--as ${peer.id} --token-file ${shellWord(peer.tokenFile)}`;
  const admin = shellWord(ready.adminTokenFile);
  const isAnswered = ready.backend !== undefined;
  const connect = isAnswered
    ? `The ${ready.backend} backend answers as its agent, by a bridge in this process.`
    : `Connect a program as its agent, from a second terminal:
  ${connectLine(agent, ready)}`;
  // A setting that outlives what it names would only be in the way.
  const lookAround = ready.isKept
    ? `Look around; the first line spares you the flag from here on:
  molecule config set api_token_file ${admin}
  molecule workspace list${at}`
    : `Look around:
  molecule workspace list${at} --api-token-file ${admin}`;
  return `The platform is ready at ${ready.url}

Open its page in a browser; the link lets in whoever has it:
  ${ready.pageUrl}

${connect}

Talk to it, from a ${isAnswered ? "second terminal" : "third one"}, as the peer "${peer.name}" or as the person at the canvas:
  molecule agent send ${agent.id} 'hello there'${at} ${as}
  molecule agent send ${agent.id} 'hello there'${at} --api-token-file ${admin}

${lookAround}

Ctrl-C stops ${isAnswered ? "both" : "it"}.
`;
}
