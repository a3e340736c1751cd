/** How `claude` is called: an argument vector that holds nothing of a message. */
import { dirname, resolve } from "node:path";
import { UsageError } from "../../shared/errors.ts";
import { oneLine } from "../../shared/text.ts";
import type { BackendRequest, OptionValues } from "../backend.ts";
import { splitWords } from "../process/words.ts";
import { LEAST_BUDGET_USD } from "./declaration.ts";
import { denials } from "./denials.ts";

export interface ClaudeSettings {
  bin: string;
  args: readonly string[];
  model: string | undefined;
  systemPrompt: string | undefined;
  appendSystemPrompt: string | undefined;
  permissionMode: string;
  allowedTools: string | undefined;
  maxBudgetUsd: number | undefined;
  cwd: string | undefined;
  timeoutMs: number;
  passMeta: boolean;
  /** Each conversation has a session of its own. */
  remembers: boolean;
}

/** Which session a run belongs to. */
export type ClaudeTurn = { kind: "none" } | { kind: "begin" | "resume"; session: string };

/** Throws a UsageError where `args` can't be split, or holds what other options are for. */
export function readSettings(options: OptionValues): ClaudeSettings {
  const text = (key: string) => (options[key] === undefined ? undefined : String(options[key]));
  return {
    bin: String(options.bin),
    args: readArgs(String(options.args)),
    model: text("model"),
    systemPrompt: text("system_prompt"),
    appendSystemPrompt: text("append_system_prompt"),
    permissionMode: String(options.permission_mode),
    allowedTools: text("allowed_tools"),
    maxBudgetUsd: options.max_budget_usd === undefined ? undefined : Number(options.max_budget_usd),
    cwd: text("cwd"),
    timeoutMs: Number(options.timeout),
    passMeta: options.pass_meta === true,
    remembers: options.session === "conversation",
  };
}

/**
 * The arguments of one run. Those that the operator gave stand behind the ones that they may change and
 * before the ones that the backend relies on. An option and its value are one argument, so that an
 * option that takes many values swallows nothing after it. `env` is what it will run in.
 */
export function claudeArgs(
  settings: ClaudeSettings,
  request: BackendRequest,
  turn: ClaudeTurn,
  env: Record<string, string>,
): string[] {
  const { model, systemPrompt, appendSystemPrompt, allowedTools } = settings;
  const budget = budgetOf(settings, request);
  return [
    "-p",
    `--permission-mode=${settings.permissionMode}`,
    ...option("--model", model),
    ...option("--system-prompt", systemPrompt),
    ...option("--append-system-prompt", appendSystemPrompt),
    ...option("--allowedTools", allowedTools),
    ...settings.args,
    "--output-format=stream-json",
    "--verbose",
    ...option("--max-budget-usd", budget === undefined ? undefined : plainNumber(budget)),
    ...sessionArgs(turn),
    ...denials(settings, env),
    ...folders(request).flatMap(([folder, rights]) => grant(folder, rights)),
  ];
}

/** US dollars that the run may cost: the smaller of the operator's two limits. */
export function budgetOf(
  { maxBudgetUsd }: Pick<ClaudeSettings, "maxBudgetUsd">,
  { budgetUsd }: Pick<BackendRequest, "budgetUsd">,
): number | undefined {
  const limits = [maxBudgetUsd, budgetUsd].filter((limit) => limit !== undefined);
  return limits.length === 0 ? undefined : Math.max(Math.min(...limits), LEAST_BUDGET_USD);
}

function readArgs(line: string): string[] {
  const args = splitWords(line);
  if (args === undefined) {
    throw new UsageError(
      `option args of the claude-code backend can't be "${oneLine(line, 60)}": a quote is not closed, or it ends in a backslash`,
    );
  }
  for (const arg of args) {
    const instead = RESERVED.find(([pattern]) => pattern.test(arg))?.[1];
    if (instead === undefined) continue;
    throw new UsageError(
      `option args of the claude-code backend can't hold ${oneLine(arg, 60)}: ${instead}`,
    );
  }
  return args;
}

/** What would undo what the backend relies on, and what to say to who writes it. */
const RESERVED: [RegExp, string][] = [
  [
    /^--(output-format|input-format|print|verbose)(=|$)|^-p$/,
    "the backend sets how it is talked to",
  ],
  [
    /^--(resume|continue|session-id|fork-session|no-session-persistence)(=|$)|^-[rc]$/,
    "which session it continues is the matter of --backend-opt session=…",
  ],
  [/^--max-budget-usd(=|$)/, "that is --backend-opt max_budget_usd=…"],
  [/^--(bg|background)$/, "an answer is waited for"],
  [/^--$/, "the message is given on stdin, and the backend adds arguments of its own"],
];

function option(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`${name}=${value}`];
}

/** Without an exponent, which claude does not read. */
function plainNumber(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, "");
}

function sessionArgs(turn: ClaudeTurn): string[] {
  switch (turn.kind) {
    case "none":
      return ["--no-session-persistence"];
    case "begin":
      return [`--session-id=${turn.session}`];
    case "resume":
      return [`--resume=${turn.session}`];
  }
}

/** Where the message's files lie, and where those of the answer go. */
function folders({ files, answerFolder }: BackendRequest): [string, string[]][] {
  const paths = files.flatMap(({ path }) => (path === undefined ? [] : [dirname(resolve(path))]));
  const read = [...new Set(paths)].map((path): [string, string[]] => [path, ["Read"]]);
  return answerFolder === undefined ? read : [...read, [resolve(answerFolder), ["Read", "Edit"]]];
}

/**
 * A rule and not `--add-dir`, which would also load the skills that lie in the folder: what a stranger
 * sent. A path that can't stand in a rule is added all the same, rather than not to be read.
 */
function grant(folder: string, rights: string[]): string[] {
  if (!/^\/[\w ./@+,=~-]*$/.test(folder)) return [`--add-dir=${folder}`];
  // A rule's path that begins with two slashes is one from the root.
  return rights.map((right) => `--allowedTools=${right}(/${folder}/**)`);
}
