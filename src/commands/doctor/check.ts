/** A check of the doctor, what it may find, and what its finding means for the checks after it. */
import { PlatformError } from "../../platform/platform.ts";
import type { Probe } from "../../platform/probes.ts";
import { formatDuration } from "../../shared/duration.ts";
import { ExitCode, messageOf, MoleculeError } from "../../shared/errors.ts";
import { outOfOrder } from "../out-of-order.ts";
import type { Patient } from "./patient.ts";

export type Status = "ok" | "warning" | "failed" | "skipped";

export interface Finding {
  status: Status;
  /** One line for a person. */
  detail: string;
  /** What to do about it. */
  hint?: string | undefined;
  /** Of a failure: what the doctor ends with. Default 1. */
  exitCode?: ExitCode | undefined;
  /**
   * Why the checks that rest on this one are left out, as a clause, where that is not the check's own
   * `without`, or where it did not fail.
   */
  breaks?: string | undefined;
}

export interface Check {
  /** Its name in the output, which scripts may look for. */
  name: string;
  /** What it looks at, in a few words. */
  title: string;
  /** Checks that it rests on. */
  needs?: readonly string[];
  /** Why those that rest on it are left out once it has failed, as a clause. */
  without?: string;
  /** It asks the network: nothing else, so that --offline leaves it out; or where it can. */
  network?: "only" | "also";
  /** How long it may take, in milliseconds. */
  deadlineMs: number;
  /** Looks, and changes nothing. What it throws is a failure, with the exit code of the error. */
  run(patient: Patient): Promise<Finding>;
}

export function ok(detail: string): Finding {
  return { status: "ok", detail };
}

export function warning(detail: string, hint?: string): Finding {
  return { status: "warning", detail, hint };
}

export function failed(detail: string, hint?: string, exitCode?: ExitCode): Finding {
  return { status: "failed", detail, hint, exitCode };
}

export function skipped(detail: string): Finding {
  return { status: "skipped", detail };
}

/** The finding for something thrown. */
export function failure(error: unknown): Finding {
  const limited = usedUp(error);
  if (limited !== undefined) return limited;
  if (error instanceof MoleculeError) {
    return { ...failed(error.message, error.hint, error.exitCode), breaks: outOfOrder(error) };
  }
  return failed(`the check itself broke: ${messageOf(error)}`, undefined, ExitCode.failed);
}

/** The finding for a probe of the platform. */
export function fromProbe({ ok: good, detail, hint, failure: error }: Probe): Finding {
  if (good) return ok(detail);
  return usedUp(error) ?? { ...failed(detail, hint, error?.exitCode), breaks: outOfOrder(error) };
}

/** What uses up a rate limit (contract 1.8). */
export const SHARED =
  "Something else uses the same token, or the same organisation: all bridges under one --org-id share a limit.";

/** The finding where the rate limit refuses to answer: it passes, and nothing is known of the rest. */
function usedUp(error: unknown): Finding | undefined {
  if (!(error instanceof PlatformError) || error.failure.status !== 429) return undefined;
  const { retryAfterMs } = error.failure;
  const again = retryAfterMs === undefined ? "" : `, again in ${formatDuration(retryAfterMs)}`;
  const breaks = "the rate limit is used up";
  return { ...warning(`the rate limit is used up${again}`, SHARED), breaks };
}

const RANK: readonly Status[] = ["skipped", "ok", "warning", "failed"];

/** The worst of some. Leaving a check out is no finding, so everything else is worse. */
export function worstOf(statuses: readonly Status[]): Status {
  return statuses.reduce((a, b) => (RANK.indexOf(b) > RANK.indexOf(a) ? b : a), "skipped");
}

/** Several findings of one check as one: as bad as the worst, with all that they say. */
export function together(findings: readonly Finding[]): Finding {
  const said = (texts: readonly (string | undefined)[], by: string) =>
    [...new Set(texts.filter((text) => text !== undefined && text !== ""))].join(by);
  const hints = said(
    findings.map(({ hint }) => hint),
    " ",
  );
  const first = findings.find(({ status }) => status === "failed");
  return {
    status: worstOf(findings.map(({ status }) => status)),
    detail: said(
      findings.map(({ detail }) => detail),
      "; ",
    ),
    hint: hints === "" ? undefined : hints,
    exitCode: first?.exitCode,
    breaks: findings.find(({ breaks }) => breaks !== undefined)?.breaks,
  };
}
