/** What a hosted platform asks of requests beyond a token (contract 1.6). */
import type { Dev } from "./call.ts";

const HEADER = "X-Molecule-Org-Id";

/** Hence the picture of an agent that seems online and can do nothing (T8). */
const FREE_PATHS = [
  "/health",
  "/buildinfo",
  "/metrics",
  "/registry/register",
  "/registry/heartbeat",
];

/** The answer to a request that does not name the tenant's organisation; undefined for all others. */
export function refuseStranger(
  { tenantOrg, revision }: Dev,
  request: Request,
  path: string,
): Response | undefined {
  if (tenantOrg === undefined || FREE_PATHS.includes(path)) return undefined;
  const named = request.headers.get(HEADER) ?? "";
  if (named === tenantOrg) return undefined;
  if (named !== "" || !revision.explainsTenant) return new Response(null, { status: 404 });
  const body = {
    error: "this platform serves one organisation, and the request does not say which it is for",
    code: "TENANT_ORG_HEADER_REQUIRED",
    required_header: HEADER,
    detail: `send the id of the organisation in the header ${HEADER}`,
  };
  return Response.json(body, { status: 400 });
}
