/** What a fault on demand can be. Loaded with the declaration of the command: it imports nothing. */

/** The kinds that have a name, and what each does, as help and a shell's completion put it. */
export const FAULT_KINDS = {
  delay: "the true answer, late",
  // As of a proxy, or of the web UI (T32).
  html: "a web page in the place of the answer",
  // T8
  empty: "404 without a body, as where a tenant's header is missing",
  cut: "the request is carried out, and its answer cut off in the middle",
  drop: "the connection ends, and nothing is done",
  lost: "the request is carried out, and the connection ends",
} as const;

export const NAMED_KINDS = Object.keys(FAULT_KINDS) as (keyof typeof FAULT_KINDS)[];

/** Whether it is the status of an error, in digits: it stands in the place of the answer. */
export function isErrorStatus(kind: string): boolean {
  return /^[45]\d\d$/.test(kind);
}

/** Whether there are faults of this kind. */
export function isFaultKind(kind: string): boolean {
  return Object.hasOwn(FAULT_KINDS, kind) || isErrorStatus(kind);
}
