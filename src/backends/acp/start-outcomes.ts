/** The outcomes of a message for which no agent could be started. */
import { MoleculeError, messageOf } from "../../shared/errors.ts";
import { oneLine } from "../../shared/text.ts";
import type { Outcome } from "../backend.ts";
import { PROTOCOL_VERSION } from "./connection.ts";

/** The agent did not start, which is no fault of the message, and may do so the next time. */
export function again(reason: string): Outcome {
  return { kind: "again", reason, told: "the agent could not be started", overloaded: true };
}

/** What the operator has named is not there. */
export function absent(reason: string, hint: string): Outcome {
  const told = "the agent's program is not there; its operator has been told";
  return { kind: "operator", reason, told, hint };
}

/** For what was thrown on the way to a start. */
export function unable(error: unknown): Outcome {
  const reason = messageOf(error);
  if (error instanceof MoleculeError) {
    const told = "the agent could not be started; its operator has been told";
    return { kind: "operator", reason, told, hint: error.hint ?? "see to it, then start again" };
  }
  return again(`the agent could not be started: ${oneLine(reason)}`);
}

/** For the version that it names; undefined where it names none. */
export function otherVersion(version: number | undefined): Outcome {
  const theirs = version === undefined ? "none that it names" : `version ${version}`;
  return {
    kind: "operator",
    reason: `the agent does not speak version ${PROTOCOL_VERSION} of the Agent Client Protocol, but ${theirs}`,
    told: "the agent can't be used by the program that brings its messages; its operator has been told",
    hint: "install a version of the agent, or of its adapter, that speaks version 1",
  };
}
