/** Whose tokens a command is about: one workspace's, or the organisation's. */
import type { Context } from "../../cli/command.ts";
import type { Management } from "../../platform/management.ts";
import type { Token } from "../../platform/token.ts";
import { UsageError } from "../../shared/errors.ts";
import { getString, type JsonObject } from "../../shared/json.ts";
import { type ApiValues, withManagement } from "../access/api.ts";
import { withWorkspace } from "../which/resolve.ts";

/** The calls on tokens, whoever has them. */
export interface Owner {
  /** For people: "workspace reviewer". */
  name(): Promise<string>;
  /** The workspace; undefined for the organisation. */
  id: string | undefined;
  /** The token that these calls are made with. */
  token: Token;
  list(): Promise<JsonObject[]>;
  create(name: string): Promise<JsonObject>;
  revoke(tokenId: string): Promise<JsonObject>;
}

/** A page of the list; the platform gives no more at once (contract 3.4). */
const PAGE = 200;
/** Pages beyond this are no honest list. */
const MOST_PAGES = 50;

/** Runs `work` on the tokens that are meant. Throws a UsageError unless it is clear whose they are. */
export async function withOwner<T>(
  values: ApiValues & { org: boolean; workspaceId: string | undefined },
  context: Context,
  work: (owner: Owner) => Promise<T>,
): Promise<T> {
  const { org, workspaceId } = values;
  if (org === (workspaceId !== undefined)) {
    throw new UsageError(
      `give a workspace or --org${org ? ", not both" : ""}`,
      "--org is for the tokens of the organisation.",
    );
  }
  if (workspaceId === undefined) {
    return withManagement(values, context, "admin", undefined, (platform, token) =>
      work({
        name: async () => "the organisation",
        id: undefined,
        token,
        list: () => platform.orgTokens(),
        create: (name) => platform.createOrgToken(name),
        revoke: (tokenId) => platform.revokeOrgToken(tokenId),
      }),
    );
  }
  return withWorkspace({ ...values, workspaceId }, context, "workspace", (platform, id, token) =>
    work({
      name: async () => {
        const row = await platform.workspace(id).catch(() => undefined);
        return `workspace ${getString(row, "name") ?? id}`;
      },
      id,
      token,
      list: () => all(platform, id),
      create: () => platform.createToken(id),
      revoke: (tokenId) => platform.revokeToken(id, tokenId),
    }),
  );
}

async function all(platform: Management, id: string): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  for (let page = 0; page < MOST_PAGES; page++) {
    const rows = await platform.tokens(id, { limit: PAGE, offset: page * PAGE });
    found.push(...rows);
    if (rows.length < PAGE) break;
  }
  return found;
}
