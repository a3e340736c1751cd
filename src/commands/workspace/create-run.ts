/** `molecule workspace create`: a new workspace, and its token on the way to where it is kept. */
import type { Context } from "../../cli/command.ts";
import type { Management } from "../../platform/management.ts";
import { PlatformError } from "../../platform/platform.ts";
import { LATE, systemClock, within } from "../../shared/clock.ts";
import { MoleculeError, UsageError } from "../../shared/errors.ts";
import { get, getString, type JsonObject } from "../../shared/json.ts";
import { shellWord } from "../../shared/shell-word.ts";
import { parseDollars } from "../../shared/dollars.ts";
import { withManagement } from "../access/api.ts";
import { note, showWait } from "../show.ts";
import { metIn, rememberWorkspaces } from "../which/known-workspaces.ts";
import { connectCommand } from "../connect-command.ts";
import { finishing, TOKEN_ONCE } from "../finishing.ts";
import { connectWith, handOver, tokenIn } from "../token/handing.ts";
import { type Kept, TokenKeeper } from "../token/keeper.ts";
import type { CreateValues } from "./create.ts";
import { EXTERNAL_RUNTIMES } from "./lifecycle-run.ts";
import { nameProblem } from "./names.ts";
import { resolveWorkspace } from "../which/resolve.ts";

/** How long the name of the new workspace may take, in milliseconds. */
const NAME_MS = 5_000;

export async function run(values: CreateValues, context: Context): Promise<void> {
  const body = bodyOf(values, context);
  if (values.parent !== undefined) {
    body["parent_id"] = await resolveWorkspace(values.parent, values, context);
  }
  const keeper = await TokenKeeper.prepare(values, context);
  await withManagement(values, context, "admin", undefined, async (platform) => {
    const made = await finishing(context, TOKEN_ONCE, () => make(platform, body, keeper, context));
    const { answer, id, facts, kept } = made;
    await rememberWorkspaces(metIn([facts]), context.env);
    const { name = body["name"] } = facts;
    if (name !== body["name"]) {
      note(context, `the name was taken, so the platform calls it ${String(name)}`);
    }
    if (get(answer, "external") !== true) return;
    note(
      context,
      kept === NOTHING
        ? `its token comes with its first registration, where connect keeps it: ${connectCommand(context, id)}`
        : `next: ${connectWith(context, id, kept)}`,
    );
  });
}

/** Has the platform make it, and hands over what came of that. */
async function make(platform: Management, body: JsonObject, keeper: TokenKeeper, context: Context) {
  const answer = await showWait(context, "making the workspace", () =>
    platform.createWorkspace(body).catch((error: unknown) => {
      throw perhapsMade(error, String(body["name"]));
    }),
  );
  const token = tokenIn(context, answer);
  const id = getString(answer, "id") ?? "";
  const kept = token === undefined ? NOTHING : await keeper.keep(token, id);
  const hand = (facts: Facts) => handOver(context, answer, facts, token, keeper, kept);
  // Nothing may come between a token that is nowhere yet and its print.
  const isLoose = token !== undefined && kept.files.length === 0;
  if (isLoose) await hand(factsOf(id, answer));
  const facts = factsOf(id, answer, await lookUp(platform, id));
  if (!isLoose) await hand(facts);
  return { answer, id, facts, kept };
}

/** There is no token yet. */
const NOTHING: Kept = { files: [], found: false, problem: undefined, outdated: undefined };

/** What is asked of the platform. Throws a UsageError for what can't be meant. */
function bodyOf(values: CreateValues, context: Context): JsonObject {
  const external = isExternal(values, context);
  if (!external && (values.url ?? values.deliveryMode) !== undefined) {
    throw new UsageError(
      "--url and --delivery-mode are for workspaces whose agents others run",
      "Add --external, or leave them out.",
    );
  }
  const fields: JsonObject = {
    name: nameOf(values),
    role: values.role,
    template: values.template,
    tier: values.tier,
    model: values.model,
    runtime: values.runtime ?? (external ? "external" : undefined),
    external: external || undefined,
    // The platform's own default is push, where all that comes before an agent connects is refused.
    delivery_mode: external
      ? (values.deliveryMode ?? (values.url === undefined ? "poll" : "push"))
      : undefined,
    url: values.url,
    workspace_dir: values.workspaceDir,
    budget_limit:
      values.budget === undefined
        ? undefined
        : Math.round((parseDollars(values.budget) ?? 0) * 100),
    max_concurrent_tasks: values.maxConcurrentTasks,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function nameOf({ name, workspaceName }: CreateValues): string {
  const given = workspaceName ?? name;
  if (given === undefined) {
    throw new UsageError("the workspace needs a name", "molecule workspace create NAME");
  }
  if (name !== undefined && name !== given) {
    throw new UsageError(
      "the name was given twice, as a word and with --name",
      "Give one of them.",
    );
  }
  const problem = nameProblem(given);
  if (problem !== undefined) throw new UsageError(`the name ${problem}`);
  return given;
}

function isExternal(values: CreateValues, context: Context): boolean {
  if (context.source("external") !== "unset") return values.external;
  const { runtime, template, model } = values;
  if (runtime !== undefined) return EXTERNAL_RUNTIMES.includes(runtime);
  return template === undefined && model === undefined;
}

type Facts = JsonObject & { name?: unknown };

/** What the table shows: of the answer, and of the row where there is one. */
function factsOf(id: string, answer: JsonObject, row: JsonObject = {}): Facts {
  const of = (key: string) => getString(row, key) ?? getString(answer, key);
  const facts = { id, name: of("name"), status: of("status"), runtime: of("runtime") };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

/** Its row, for its name: one that is taken gets a number (contract 3.1). Empty where it can't be had soon. */
async function lookUp(platform: Management, id: string): Promise<JsonObject> {
  const row = await within(systemClock, NAME_MS, platform.workspace(id)).catch(() => LATE);
  return typeof row === "symbol" ? {} : row;
}

/** Where no answer came, there may be a workspace whose token nobody has seen. */
function perhapsMade(error: unknown, name: string): unknown {
  if (!(error instanceof PlatformError) || error.failure.unknownOutcome !== true) return error;
  return new MoleculeError(`${error.message}; the workspace may have been made all the same`, {
    exitCode: error.exitCode,
    hint: `molecule workspace list --name ${shellWord(name)} shows it; rotate-token gives it a token that you can keep.`,
    cause: error,
  });
}
