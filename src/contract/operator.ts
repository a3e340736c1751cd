/** What operators and their commands see, beyond what a bridge needs (contract 3). */

/** POST /workspaces/:id/delegate, where `:id` is the sender: 202, or 200 with `idempotent_hit`. */
export interface DelegateResponse {
  delegation_id: string;
  /** "delegated"; of a repeated request, what became of the first. */
  status: string;
  target_id: string;
  idempotent_hit?: true;
  warning?: string;
}

/** A row of GET /workspaces/:id/delegations, as the platform's ledger has it. */
export interface DelegationRow {
  delegation_id: string;
  source_id: string;
  target_id: string;
  summary: string;
  status: string;
  /** RFC 3339, like all times here. */
  created_at: string;
  updated_at: string;
  _ledger: true;
  response_preview: string | null;
  error: string | null;
  last_heartbeat: string | null;
  deadline: string | null;
}

/** GET and PATCH /workspaces/:id/budget, in cents; null is no limit. */
export interface BudgetResponse {
  budget_limit: number | null;
  monthly_spend: number;
  budget_remaining: number | null;
}

/** A row of GET /org/tokens and, without `name`, of GET /workspaces/:id/tokens. */
export interface TokenRow {
  id: string;
  prefix: string;
  name?: string;
  created_at: string;
  last_used_at: string | null;
}

/** POST /org/tokens: the token is shown this once. */
export interface CreatedOrgToken {
  id: string;
  prefix: string;
  name: string;
  auth_token: string;
  warning: string;
}

/** GET /admin/liveness. */
export interface LivenessResponse {
  subsystems: { [name: string]: { last_tick_at: string; seconds_ago: number } };
}
