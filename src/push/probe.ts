/** Whether the public address leads here, asked of it as the platform would. */
import { MoleculeError } from "../shared/errors.ts";
import type { Clock } from "../shared/clock.ts";
import { showPublicUrl } from "./public-url.ts";
import type { PushOptions } from "./parts.ts";
import type { Paths } from "./paths.ts";

const DEADLINE_MS = 10_000;
/** How long a proxy or tunnel may take until it passes requests on. */
const STARTING_MS = 30_000;
const AGAIN_MS = 3_000;
/** Of another's answer no more is read. */
const MOST_BYTES = 256;

/** Options of Bun's fetch that its types don't know. */
const BUN_OPTIONS = { decompress: false } as object;

/**
 * What the address led to. `unreached`: to nothing that tells, which need not mean that the platform gets
 * no further; `passing`: it may be otherwise soon. `elsewhere`: to something else; `proxied`: perhaps to
 * the proxy through which we ask.
 */
export type Sight =
  | { kind: "here" }
  | { kind: "unreached"; reason: string; passing: boolean }
  | { kind: "elsewhere"; reason: string; proxied: boolean };

export interface ProbeParts {
  clock: Clock;
  paths: Paths;
}

/** Where the platform reaches us, and what of its way we know. */
export type PublicAddress = Pick<PushOptions, "publicUrl" | "isProxied">;

/**
 * At the start: looks until the address leads here, for half a minute where what stands there is not
 * ready. Resolves with what was seen. Rejects with a MoleculeError where something else answers.
 */
export async function probe(
  address: PublicAddress,
  listens: string,
  { clock, paths }: ProbeParts,
  stop: AbortSignal,
): Promise<Sight> {
  const until = clock.monotonic() + STARTING_MS;
  let sight = await look(address, paths, stop);
  while (sight.kind === "unreached" && sight.passing && !stop.aborted) {
    if (clock.monotonic() + AGAIN_MS > until) break;
    await clock.sleep(AGAIN_MS, stop);
    sight = await look(address, paths, stop);
  }
  if (sight.kind !== "elsewhere" || sight.proxied) return sight;
  throw new MoleculeError(sight.reason, {
    hint: `See that the proxy or tunnel there passes everything under it on to ${listens}, without a redirect or a login.`,
  });
}

/** Asks once for a path that only we know the answer to. Never rejects. */
export async function look(
  address: PublicAddress,
  paths: Paths,
  stop: AbortSignal,
): Promise<Sight> {
  const shown = showPublicUrl(address.publicUrl);
  const check = paths.openCheck();
  try {
    const response = await fetch(`${shown}/${check.path}`, {
      redirect: "manual",
      keepalive: false,
      signal: AbortSignal.any([stop, AbortSignal.timeout(DEADLINE_MS)]),
      ...BUN_OPTIONS,
    });
    const text = await start(response);
    if (text === check.answer) return { kind: "here" };
    return judge(address, response.status);
  } catch {
    const reason = `the public address ${shown} can't be reached from here, so nobody knows whether it leads to this bridge`;
    return { kind: "unreached", reason, passing: false };
  } finally {
    check.close();
  }
}

/** What a status says of an answer that is not ours. */
function judge({ publicUrl, isProxied }: PublicAddress, status: number): Sight {
  const shown = showPublicUrl(publicUrl);
  if (status >= 500 || status === 408 || status === 429) {
    const reason = `the public address ${shown} answers ${status}: what stands there does not pass requests on to this bridge`;
    return { kind: "unreached", reason, passing: true };
  }
  const way = isProxied ? ", asked through the proxy that is set in the environment" : "";
  const reason = `the public address ${shown} leads to something else than this bridge (its answer: ${status}${way})`;
  return { kind: "elsewhere", reason, proxied: isProxied };
}

async function start(response: Response): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MOST_BYTES) break;
  }
  return text;
}
