/** Failures of the model's API, told apart as the operator needs it. */
import { join } from "node:path";
import { type Checks, expectText, like, same, wasUsed } from "./claude-lab.ts";

export const FAILURES: Checks = {
  async "401 is the operator's matter"(lab) {
    lab.fails({ status: 401, type: "authentication_error", message: "invalid x-api-key" });
    like(await lab.run({}), { kind: "operator", hint: expectText("log in") });
  },

  async "403 is the operator's matter"(lab) {
    lab.fails({ status: 403, type: "permission_error", message: "no" });
    like(await lab.run({}), { kind: "operator" });
  },

  async "not logged in is the operator's matter"(lab) {
    delete lab.parts.env.ANTHROPIC_API_KEY;
    like(await lab.run({}), { kind: "operator", reason: expectText("not logged in") });
  },

  async "an account without credit is the operator's matter"(lab) {
    lab.fails({
      status: 400,
      type: "invalid_request_error",
      message: "Your credit balance is too low to access the Anthropic API.",
    });
    like(await lab.run({}), { kind: "operator", reason: expectText("out of credit") });
  },

  async "a model that is not there is the operator's matter"(lab) {
    lab.fails({ status: 404, type: "not_found_error", message: "model: x" });
    like(await lab.run({}), { kind: "operator", hint: expectText("model=") });
  },

  async "429 is waited for as long as it asks"(lab) {
    const headers = { "retry-after": "3" };
    lab.fails({ status: 429, type: "rate_limit_error", message: "slow down", headers });
    const outcome = await lab.run({});
    like(outcome, { kind: "again", overloaded: true });
    same(outcome.kind === "again" && (outcome.retryAfterMs ?? 0) >= 3_000, true, outcome);
  },

  async "529 is waited for"(lab) {
    lab.fails({ status: 529, type: "overloaded_error", message: "Overloaded" });
    like(await lab.run({}), { kind: "again", overloaded: true, reason: expectText("529") });
  },

  async "500 is waited for"(lab) {
    lab.fails({ status: 500, type: "api_error", message: "x" });
    like(await lab.run({}), { kind: "again", overloaded: true });
  },

  async "an API that is not there is waited for"(lab) {
    lab.parts.env.ANTHROPIC_BASE_URL = "http://127.0.0.1:9";
    like(await lab.run({}), { kind: "again", reason: expectText("could not reach") });
  },

  async "529 after a tool was used is not tried again"(lab) {
    lab.file("work/a.txt", "inside");
    lab.api.answer = (call) =>
      wasUsed(call)
        ? { status: 529, type: "overloaded_error", message: "Overloaded" }
        : { blocks: [{ tool: "Read", input: { file_path: join(lab.cwd, "a.txt") } }] };
    const outcome = await lab.run({});
    like(outcome, { kind: "failed", reason: expectText("529 in the middle of its work") });
    same(outcome.kind === "failed" && (outcome.costUsd ?? 0) > 0, true, outcome);
  },
};
