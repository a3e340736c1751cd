/** The endpoints on the budget of a workspace (contract 3.6): cents throughout. */
import type { BudgetResponse } from "../contract/operator.ts";
import { refuse } from "./answers.ts";
import { Fields } from "./body.ts";
import type { Call } from "./call.ts";
import { present } from "./workspaces.ts";

export function showBudget(call: Call<"id">): Response {
  const { budget_limit, monthly_spend } = present(call);
  const answer: BudgetResponse = {
    budget_limit,
    monthly_spend,
    budget_remaining: budget_limit === null ? null : budget_limit - monthly_spend,
  };
  return Response.json(answer);
}

/** Sets the limit; null takes it away. */
export async function changeBudget(call: Call<"id">): Promise<Response> {
  const body = await Fields.of(call.request);
  const budget_limit = body.integer("budget_limit") ?? null;
  if (!body.has("budget_limit") || (budget_limit ?? 0) < 0) {
    refuse(400, "budget_limit must be a whole number of cents, or null for no limit");
  }
  const { id } = present(call);
  call.dev.database.workspaces.change(id, { budget_limit });
  return showBudget(call);
}
