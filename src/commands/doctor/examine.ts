/** Runs checks in their order, and leaves out those whose ground is gone. */
import { formatDuration } from "../../shared/duration.ts";
import { LATE, within } from "../../shared/clock.ts";
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

const OFFLINE = "--offline leaves the network out";

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
  for (const check of checks) {
    const began = patient.clock.monotonic();
    const gone = check.needs?.map((name) => broken.get(name)).find((why) => why !== undefined);
    const why = gone ?? (check.network === "only" && patient.values.offline ? OFFLINE : undefined);
    const finding =
      why === undefined
        ? await one(check, patient, check.network !== undefined ? left : check.deadlineMs)
        : { ...skipped(why), breaks: why };
    if (check.network !== undefined) left -= patient.clock.monotonic() - began;
    const reason = finding.breaks ?? (finding.status === "failed" ? withoutIt(check) : undefined);
    if (reason !== undefined) broken.set(check.name, reason);
    const result = { ...readable(finding, patient), name: check.name };
    results.push(result);
    await tell(result);
  }
  return results;
}

async function one(check: Check, patient: Patient, leftMs: number): Promise<Finding> {
  const ms = Math.min(check.deadlineMs, leftMs);
  const late = () =>
    failed(
      `no end within ${formatDuration(Math.max(0, ms))}`,
      check.network !== undefined
        ? "The network, or the platform, is too slow: try again, or look at what is between."
        : undefined,
      check.network !== undefined ? 4 : 1,
    );
  if (ms <= 0) return late();
  try {
    const end = await within(patient.clock, ms, check.run(patient));
    return end === LATE ? late() : end;
  } catch (error) {
    return failure(error);
  }
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
