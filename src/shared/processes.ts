import { codeOf } from "./errors.ts";

/** Sends the signal that does nothing, so only the system's answer counts; throws its error. */
type Probe = (pid: number) => void;

/**
 * Whether a process has this number, above zero: ours, or one of another user, which we may send no
 * signal to (EPERM).
 */
export function isAlive(pid: number, probe?: Probe): boolean {
  const refusal = refusalOf(pid, probe);
  return refusal === undefined || refusal === "EPERM";
}

/** Whether a process has this number, above zero, and takes signals of ours: one of another user does not. */
export function maySignal(pid: number, probe?: Probe): boolean {
  return refusalOf(pid, probe) === undefined;
}

/** The code of the system's error; undefined where there was none. */
function refusalOf(pid: number, probe: Probe = (one) => process.kill(one, 0)): string | undefined {
  try {
    probe(pid);
    return undefined;
  } catch (error) {
    return codeOf(error) ?? "unknown";
  }
}
