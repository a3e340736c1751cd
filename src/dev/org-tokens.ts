/** The endpoints on tokens of the organisation (contract 3.4). */
import type { CreatedOrgToken, TokenRow } from "../contract/operator.ts";
import { refuse } from "./answers.ts";
import { Fields } from "./body.ts";
import type { Call } from "./call.ts";
import { toTime } from "./workspace-view.ts";

const MAX_NAME_CHARACTERS = 100;
const MAX_PER_HOUR = 10;
const HOUR_MS = 60 * 60_000;

/** The live tokens, by the first characters of each. */
export function listOrgTokens({ dev }: Call): Response {
  const tokens = dev.database.orgTokens
    .list()
    .map(({ created_at, last_used_at, ...token }): TokenRow => ({
      ...token,
      created_at: toTime(created_at) ?? "",
      last_used_at: toTime(last_used_at),
    }));
  return Response.json({ tokens, count: tokens.length });
}

/** One more token; the answer is a 200. 429 for the eleventh within an hour. */
export async function createOrgToken({ dev, request }: Call): Promise<Response> {
  const { orgTokens } = dev.database;
  const name = (await Fields.orNone(request)).limited("name", MAX_NAME_CHARACTERS) ?? "";
  if (orgTokens.countSince(dev.clock.now() - HOUR_MS) >= MAX_PER_HOUR) {
    refuse(429, `at most ${MAX_PER_HOUR} tokens can be made in an hour`);
  }
  const { id, prefix, token } = orgTokens.mint(name);
  const answer: CreatedOrgToken = {
    id,
    prefix,
    name,
    auth_token: token,
    warning: "keep this token; it is not shown again",
  };
  return Response.json(answer);
}

/** 404 where there is no such live token. */
export function revokeOrgToken({ dev, params: { tokenId } }: Call<"tokenId">): Response {
  if (!dev.database.orgTokens.revoke(tokenId)) refuse(404, "token not found");
  return Response.json({ revoked: tokenId });
}
