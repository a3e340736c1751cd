/** The endpoints on workspace tokens (contract 3.4). */
import { refuse } from "./answers.ts";
import type { Call } from "./call.ts";
import { readCount } from "./query.ts";
import { MAX_LIVE_TOKENS } from "./token-store.ts";
import { present } from "./workspaces.ts";
import { toTime } from "./workspace-view.ts";

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/** The live tokens, by the first characters of each. */
export function listTokens({ dev, params: { id }, query }: Call<"id">): Response {
  const limit = Math.min(readCount(query, "limit") || DEFAULT_LIMIT, MAX_LIMIT);
  const tokens = dev.database.tokens
    .list(id, limit, readCount(query, "offset"))
    .map(({ id, prefix, created_at, last_used_at }) => ({
      id,
      prefix,
      created_at: toTime(created_at),
      last_used_at: toTime(last_used_at),
    }));
  return Response.json({ tokens, count: tokens.length });
}

/**
 * One more token, of kind `api`; revision 2 has it for administrators at a second path. 429 at the
 * limit: the same status as the rate limiter's, but without Retry-After.
 */
export function createToken(call: Call<"id">): Response {
  const { id } = present(call);
  const { tokens } = call.dev.database;
  if (tokens.countLive(id) >= MAX_LIVE_TOKENS) {
    refuse(429, `a workspace may have ${MAX_LIVE_TOKENS} live tokens; revoke one first`);
  }
  const answer = {
    auth_token: tokens.mint(id, "api"),
    workspace_id: id,
    message: "keep this token; it is not shown again",
  };
  return Response.json(answer, { status: 201 });
}

/** 404 where the workspace has no such live token. */
export function revokeToken({ dev, params: { id, tokenId } }: Call<"id" | "tokenId">): Response {
  if (!dev.database.tokens.revoke(id, tokenId)) refuse(404, "token not found");
  return Response.json({ status: "revoked" });
}
