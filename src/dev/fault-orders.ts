/** The endpoints on faults: /dev/faults, which the real platform has none of. */
import { refuse } from "./answers.ts";
import { Fields } from "./body.ts";
import type { Call } from "./call.ts";
import type { FaultSpec } from "./fault.ts";
import { isFaultKind, NAMED_KINDS } from "./fault-kinds.ts";
import { MAX_FAULTS } from "./faults.ts";

const DEFAULT_FOR_MS = 30_000;
const MAX_FOR_MS = 60 * 60_000;
const DEFAULT_DELAY_MS = 1_000;
const MAX_DELAY_MS = 10 * 60_000;
const MAX_RETRY_SECONDS = 24 * 60 * 60;

/** Begins a fault: 201 and the fault with all its fields. */
export async function addFault({ dev, request }: Call): Promise<Response> {
  const spec = readSpec(await Fields.of(request));
  const fault =
    dev.faults.add(spec) ??
    refuse(409, `there are ${MAX_FAULTS} faults already`, { hint: "take some back first" });
  return Response.json(dev.faults.show(fault), { status: 201 });
}

/** All faults with what they have seen and struck, also those that are over. */
export function listFaults({ dev }: Call): Response {
  const faults = dev.faults.list();
  return Response.json({ faults, count: faults.length });
}

export function removeFaults({ dev }: Call): Response {
  return Response.json({ removed: dev.faults.remove() });
}

export function removeFault({ dev, params: { faultId } }: Call<"faultId">): Response {
  const removed = dev.faults.remove(faultId);
  return removed === 0 ? refuse(404, "fault not found") : Response.json({ removed });
}

function readSpec(body: Fields): FaultSpec {
  const kind = readKind(body.any("kind"));
  const [least, most] = [-(2 ** 31), 2 ** 32 - 1];
  return {
    kind,
    rate: within("rate", body.number("rate") ?? 1, 0, 1),
    for_ms: within("for_ms", body.number("for_ms") ?? DEFAULT_FOR_MS, 1, MAX_FOR_MS),
    seed: within("seed", body.integer("seed") ?? 1, least, most),
    path: body.string("path") ?? "",
    delay_ms: kind === "delay" ? readDelay(body) : 0,
    retry_after: readRetry(body, kind),
  };
}

/** A name, or a status as text or number. */
function readKind(value: unknown): string {
  const kind = String(value);
  const names = NAMED_KINDS.join(", ");
  return isFaultKind(kind)
    ? kind
    : refuse(400, `kind must be a status from 400 to 599, or one of ${names}`);
}

function readDelay(body: Fields): number {
  return within("delay_ms", body.number("delay_ms") ?? DEFAULT_DELAY_MS, 0, MAX_DELAY_MS);
}

function readRetry(body: Fields, kind: string): number | null {
  const seconds = body.integer("retry_after") ?? (kind === "429" ? 1 : undefined);
  return seconds === undefined ? null : within("retry_after", seconds, 0, MAX_RETRY_SECONDS);
}

function within(name: string, value: number, least: number, most: number): number {
  return value >= least && value <= most
    ? value
    : refuse(400, `${name} must be a number from ${least} to ${most}`);
}
