/** `molecule dev send`: many messages to an agent, and what came of them. */
import type { Context } from "../../cli/command.ts";
import type { Log } from "../../cli/log.ts";
import type { PlatformError, RateLimit } from "../../platform/platform.ts";
import { systemClock } from "../../shared/clock.ts";
import { ExitCode, MoleculeError } from "../../shared/errors.ts";
import { getString, type JsonObject } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { logFor } from "../logging.ts";
import { show, showProgress } from "../show.ts";
import { onStopSignals } from "../signals.ts";
import { idAmong } from "../which/resolve.ts";
import { newRun } from "./load/code.ts";
import { Ledger } from "./load/ledger.ts";
import { plan } from "./load/plan.ts";
import { REPORT_COLUMNS, reportOf, type Report } from "./load/report.ts";
import { runLoad } from "./load/run.ts";
import { readSenders, Senders } from "./load/senders.ts";
import { type Running, runningDev } from "./running.ts";
import type { SendValues } from "./send.ts";

/** The workspace that `molecule dev` makes for an agent to connect as. */
const SEEDED_AGENT = "agent";

/** Sends, waits and reports. A first signal ends it early, with the report so far. */
export async function run(values: SendValues, context: Context): Promise<ExitCode> {
  const running = await runningDev(values, context);
  const log = logFor(context);
  const stop = new AbortController();
  const cut = Promise.withResolvers<ExitCode>();
  onStopSignals(
    () => {
      log.info("stopping, and revoking the tokens made for this");
      stop.abort();
    },
    () => cut.resolve(ExitCode.interrupted),
  );
  const trouble = new Trouble(log);
  const sent = send(values, context, running, { log, trouble }, stop.signal).then(
    async (report) => {
      await show(context, report, REPORT_COLUMNS);
      if (stop.signal.aborted) return ExitCode.interrupted;
      judge(report, values.wait, trouble.limited);
      return ExitCode.ok;
    },
  );
  return Promise.race([sent, cut.promise]);
}

async function send(
  values: SendValues,
  context: Context,
  { parts, management }: Running,
  { log, trouble }: { log: Log; trouble: Trouble },
  signal: AbortSignal,
): Promise<Report> {
  const senders = new Senders(parts, management, Math.random);
  const rows = await senders.patiently(() => management.workspaces());
  const workspace = idAmong(rows, values.workspace ?? SEEDED_AGENT);
  const agent = rows.find((row) => getString(row, "id") === workspace);
  const named = readSenders(values.from, workspace, rows, {
    isGiven: context.source("from") !== "default",
  });
  if (values.wait) warnIfAway(agent, log);
  const from = named.map(({ name }) => name);
  const run = newRun(Math.random);
  const { n, seed, text } = values;
  const planned = plan({ n, rate: Number(values.rate), from, text, seed, run });
  const ledger = new Ledger(planned, () => crypto.randomUUID());
  try {
    using bar = showProgress(context, n, values.wait ? "answered" : "sent");
    let shown = 0;
    await runLoad({
      ledger,
      agentId: workspace,
      run,
      senders: await senders.open(named, workspace),
      agentFeed: senders.canvas(workspace),
      wait: values.wait,
      timeoutMs: values.timeout,
      concurrency: values.concurrency,
      clock: systemClock,
      random: Math.random,
      signal,
      onTrouble: (error, limit) => trouble.tell(error, limit),
      onProgress(done) {
        bar.step(done - shown);
        shown = done;
      },
    });
  } finally {
    for (const id of await senders.close()) {
      log.warn(`a token made for ${id} could not be revoked: 'molecule token list ${id}' shows it`);
    }
  }
  return reportOf(ledger, { workspace, name: getString(agent, "name") ?? "", from, seed });
}

/** Throws unless each message was answered once; without `wait`, unless each was sent. */
function judge(report: Report, wait: boolean, limited: boolean): void {
  const { messages, sent, answered, doubled, failed } = report;
  const missing = messages - (wait ? answered : sent);
  if (missing === 0 && doubled === 0) return;
  const found = [
    `${missing} of ${messages} messages were not ${wait ? "answered" : "sent"}`,
    `${doubled} of ${messages} messages were answered more than once`,
  ].slice(missing === 0 ? 1 : 0, doubled === 0 ? 1 : 2);
  throw new MoleculeError(found.join(", and "), { hint: hintFor(failed, limited) });
}

function hintFor(failed: number, limited: boolean): string {
  if (limited) return NO_LIMIT;
  return failed > 0
    ? "The agent said of some that it could not answer; its own log tells why."
    : "The logs of the agent and of 'molecule dev -v' tell more: of 429, say, where 'molecule dev --rate-limit 0' helps. --timeout waits longer.";
}

const NO_LIMIT =
  "The platform's rate limit held the messages up: 'molecule dev --rate-limit 0' has none.";

/** A message waits for an agent that is not there. */
function warnIfAway(agent: JsonObject | undefined, log: Log): void {
  const status = getString(agent, "status") ?? "unknown";
  if (status === "online" || status === "degraded") return;
  const name = oneLine(getString(agent, "name") ?? "", 60);
  log.warn(
    `${name} is ${oneLine(status, 30)}: no answer comes until 'molecule connect ${getString(agent, "id")}' runs`,
  );
}

/** Tells of each kind of trouble once: each may strike thousands of messages. */
class Trouble {
  /** The rate limit was used up. */
  limited = false;
  readonly #log: Log;
  readonly #told = new Set<number | undefined>();

  constructor(log: Log) {
    this.#log = log;
  }

  tell(error: PlatformError, limit: RateLimit | undefined): void {
    if (limit !== undefined && !this.limited) {
      this.limited = true;
      const allowed = `${limit.limit} requests a minute with one token`;
      this.#log.warn(`the platform takes ${allowed}, and that holds the messages up`);
    }
    const { status } = error.failure;
    const isNew = limit === undefined && !this.#told.has(status);
    if (isNew) this.#told.add(status);
    this.#log[isNew ? "warn" : "debug"](error.message);
  }
}
