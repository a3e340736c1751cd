/** Runs checks in their order, and leaves out those whose ground is gone. */
import { formatDuration } from "../../shared/duration.ts";
import { LATE, within } from "../../shared/clock.ts";
import { ExitCode } from "../../shared/errors.ts";
import { oneLine } from "../../shared/text.ts";
import { failed, failure, skipped, type Check, type Finding } from "./check.ts";
import type { Patient } from "./patient.ts";

/** A finding with the check that it is of. */
export interface Result extends Finding {
  name: string;
}

/** All that the checks of the network may take together, in milliseconds. */
const NETWORK_MS = 20_000;
/** Of a finding. Beyond, a stranger's words would hide the others. */
const MOST_CHARACTERS = 600;

/** Why a check is left out that would ask the network. */
export const OFFLINE = "--offline leaves the network out";

/**
 * Runs each check, or says why it is left out; `tell` gets each result as it comes. Never rejects for
 * what a check does. `networkMs`: what the network may take of all.
 */
export async function examine(
  checks: readonly Check[],
  patient: Patient,
  tell: (result: Result) => Promise<void> | void,
  networkMs = NETWORK_MS,
): Promise<Result[]> {
  const { broken } = patient;
  const results: Result[] = [];
  let left = networkMs;
  let isTold = false;
  for (const check of checks) {
    const began = patient.clock.monotonic();
    const asks = check.network !== undefined;
    const gone = check.needs?.map((name) => broken.get(name)).find((why) => why !== undefined);
    const offline = check.network === "only" && patient.values.offline ? OFFLINE : undefined;
    const spent = asks && left <= 0 ? usedUp(networkMs) : undefined;
    const why = gone ?? offline ?? (isTold ? spent : undefined);
    let finding: Finding;
    if (why !== undefined) finding = { ...skipped(why), breaks: why };
    else if (spent !== undefined) finding = { ...tooSlow(spent), breaks: spent };
    else finding = await one(check, patient, asks ? { left, of: networkMs } : undefined);
    if (asks) left -= patient.clock.monotonic() - began;
    // One failure says that the time is up; what is left out after it follows from that.
    isTold ||= asks && left <= 0 && finding.status === "failed";
    const reason = finding.breaks ?? (finding.status === "failed" ? withoutIt(check) : undefined);
    if (reason !== undefined) broken.set(check.name, reason);
    const result = { ...readable(finding, patient), name: check.name };
    results.push(result);
    await tell(result);
  }
  return results;
}

async function one(
  check: Check,
  patient: Patient,
  network: { left: number; of: number } | undefined,
): Promise<Finding> {
  const ms = Math.min(check.deadlineMs, network?.left ?? check.deadlineMs);
  try {
    const end = await within(patient.clock, ms, check.run(patient));
    if (end !== LATE) return end;
  } catch (error) {
    return failure(error);
  }
  if (network === undefined)
    return failed(`no end within ${formatDuration(ms)}`, undefined, ExitCode.failed);
  if (ms < check.deadlineMs) {
    const spent = usedUp(network.of);
    return { ...tooSlow(`no end before ${spent}`), breaks: spent };
  }
  return tooSlow(`no end within ${formatDuration(ms)}`);
}

function usedUp(ms: number): string {
  return `the ${formatDuration(ms)} that the network may take in all were used up`;
}

function tooSlow(detail: string): Finding {
  const hint = "The network, or the platform, is too slow: try again, or look at what is between.";
  return failed(detail, hint, ExitCode.unreachable);
}

function withoutIt({ without, title }: Check): string {
  return without ?? `${title} failed`;
}

/** Masked before it is cut, lest half a secret remain. */
function readable(finding: Finding, { context: { io } }: Patient): Finding {
  const line = (text: string) => oneLine(io.secrets.mask(text), MOST_CHARACTERS);
  const { detail, hint } = finding;
  return { ...finding, detail: line(detail), hint: hint === undefined ? undefined : line(hint) };
}
