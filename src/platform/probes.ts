/**
 * What is wrong between us and a platform, one question at a time: the server, the tenant's headers,
 * the tokens, the clock, the feed's cursor. Only reading calls. Contract sections in brackets.
 */
import { advised } from "./advice.ts";
import type { Clock } from "../shared/clock.ts";
import { formatDuration } from "../shared/duration.ts";
import { asObject, get, getNumber, getString } from "../shared/json.ts";
import { oneLine } from "../shared/text.ts";
import type { Management } from "./management.ts";
import { PlatformError } from "./platform.ts";

/** What a question found. */
export interface Probe {
  ok: boolean;
  /** One clause for a person. */
  detail: string;
  /** What to do about it. */
  hint?: string | undefined;
  /** The failed call behind it; its `exitCode` is the one for this finding. */
  failure?: PlatformError | undefined;
  /** Of {@link probeServer}: how long the answer took. Of {@link probeClock}: the server's clock less ours. */
  ms?: number | undefined;
}

/** Beyond this the times that messages carry mislead. */
const MOST_SKEW_MS = 5 * 60_000;
const UNANSWERED =
  "Try again; if that stays, look at the platform's own log, and at what stands between here and there.";
const NO_OPERATOR =
  "It must be a live admin or organisation token of this platform: --api-token-file or MOLECULE_API_TOKEN.";
const NO_CURSOR = "00000000-0000-0000-0000-000000000000";

/** Whether it can be reached, and answers as this platform does: GET /health (2.12). */
export function probeServer(management: Management, clock: Clock): Promise<Probe> {
  return probing(async () => {
    const began = clock.monotonic();
    const body = await management.health();
    const ms = clock.monotonic() - began;
    if (getString(body, "status") === undefined) throw notThisPlatform("asking for its health");
    return { ok: true, ms, detail: `answers in ${formatDuration(ms)}` };
  });
}

/** Which build it says that it is: GET /buildinfo (1.9). One that does not tell is no failure. */
export function probeBuild(management: Management): Promise<Probe> {
  return probing(async () => {
    try {
      const sha = getString(await management.buildInfo(), "git_sha");
      return { ok: true, detail: sha === undefined ? "not told" : oneLine(sha, 60) };
    } catch (error) {
      if (error instanceof PlatformError && error.failure.status === 404) {
        return { ok: true, detail: "not told" };
      }
      throw error;
    }
  });
}

/**
 * Whether the paths behind /health lead to the API, and the tenant's headers are right: a workspace
 * that nobody has must be a 404 in JSON. A tenant without its headers answers an empty 404, or
 * TENANT_ORG_HEADER_REQUIRED (1.6), and the web UI a page (T32).
 */
export function probeTenant(management: Management): Promise<Probe> {
  return probing(async () => {
    try {
      await management.workspace(crypto.randomUUID());
    } catch (error) {
      const absent = error instanceof PlatformError && error.verdict === "permanent";
      if (absent && error.failure.status === 404) {
        return { ok: true, detail: "the API answers, and asks for no more headers" };
      }
      throw error;
    }
    throw notThisPlatform("looking up a workspace that nobody has");
  });
}

/** Whether the operator's token, which `management` must carry, is accepted: GET /workspaces (3.1). */
export function probeApiToken(management: Management): Promise<Probe> {
  return probing(async () => {
    try {
      const { length } = await management.workspaces();
      return { ok: true, detail: `accepted; ${length} workspace${length === 1 ? "" : "s"}` };
    } catch (error) {
      if (!(error instanceof PlatformError) || error.verdict !== "unauthorized") throw error;
      return { ok: false, detail: error.message, hint: NO_OPERATOR, failure: error };
    }
  });
}

/**
 * Whether the token that `management` carries is the workspace's own: GET /workspaces/:id/state (2.7),
 * and where it is refused GET /workspaces/:id, which needs no token and tells why (2.8).
 */
export function probeWorkspaceToken(management: Management, id: string): Promise<Probe> {
  return probing(async () => {
    try {
      const state = await management.state(id);
      const status = getString(state, "status") ?? "unknown";
      return { ok: true, detail: `accepted; the workspace is ${oneLine(status, 40)}` };
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      // A 404 of this route means a removed workspace, too.
      if (error.verdict !== "unauthorized" && error.failure.status !== 404) throw error;
      return await whyRefused(management, id, error);
    }
  });
}

/** How far the server's clock is from ours, to the second that its `Date` has. Not ok beyond 5 min. */
export function probeClock(management: Management, clock: Clock): Promise<Probe> {
  return probing(async () => {
    await management.health();
    const ms = management.serverNow() - clock.now();
    const off = formatDuration(Math.abs(ms));
    if (Math.abs(ms) < 2_000) return { ok: true, ms, detail: "the same as the platform's" };
    return {
      ok: Math.abs(ms) <= MOST_SKEW_MS,
      ms,
      detail: `this machine is ${off} ${ms > 0 ? "behind" : "ahead of"} the platform`,
      hint: "Set this machine's clock, or have it set by the network.",
    };
  });
}

/**
 * Whether the feed knows `since_id`: nobody's cursor must be a 410 (2.3). A server that does not know
 * it answers with the newest rows, for ever the same.
 */
export function probeCursor(management: Management, id: string): Promise<Probe> {
  return probing(async () => {
    try {
      await management.activity(id, { limit: 1, sinceId: NO_CURSOR });
    } catch (error) {
      if (error instanceof PlatformError && error.verdict === "gone") {
        return { ok: true, detail: "the feed can be read from where one stopped" };
      }
      throw error;
    }
    return {
      ok: false,
      detail: "the feed does not know since_id, and would show the same messages again and again",
      hint: "This platform is older than poll mode; it must be updated.",
    };
  });
}

/** When its subsystems last gave a sign of life: GET /admin/liveness (3.6), for an administrator. */
export function probeSubsystems(management: Management): Promise<Probe> {
  return probing(async () => {
    const subsystems = asObject(get(await management.liveness(), "subsystems")) ?? {};
    const signs = Object.entries(subsystems).map(([name, sign]) => {
      const seconds = getNumber(sign, "seconds_ago");
      const when = seconds === undefined ? "never" : `${formatDuration(seconds * 1_000)} ago`;
      return `${oneLine(name, 40)} ${when}`;
    });
    return { ok: true, detail: signs.length === 0 ? "none are told" : signs.join(", ") };
  });
}

/** The outcome of the question; a call that failed is one, and anything else is thrown on. */
async function probing(ask: () => Promise<Probe>): Promise<Probe> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    const failure = notTheApi(error) ?? error;
    const { hint = failure.verdict === "transient" ? UNANSWERED : undefined } = advised(failure);
    return { ok: false, detail: failure.message, hint, failure };
  }
}

/** A page in place of JSON passes when a server restarts; where it is looked for it is the wrong address. */
function notTheApi(error: PlatformError): PlatformError | undefined {
  const { verdict, status, unreadable } = error.failure;
  const answered = status !== undefined && (status < 300 || status === 404);
  if (verdict !== "transient" || !answered || unreadable === true) return undefined;
  return misaddressed(error.message, status);
}

function notThisPlatform(what: string): PlatformError {
  return misaddressed(`${what}: 200, but not what this platform answers`, 200);
}

function misaddressed(message: string, status: number): PlatformError {
  return new PlatformError(message, {
    verdict: "misaddressed",
    status,
    hint: "Something else answers at this address, such as a web page: check --api-url.",
  });
}

async function whyRefused(
  management: Management,
  id: string,
  refusal: PlatformError,
): Promise<Probe> {
  const because = (detail: string, hint: string, failure: PlatformError) => ({
    ok: false,
    detail,
    hint,
    failure,
  });
  try {
    await management.workspace(id);
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    if (error.verdict === "gone") {
      const hint = "Its tokens went with it. Another workspace needs its own id and token.";
      return because("the workspace was removed", hint, error);
    }
    if (error.verdict === "permanent" && error.failure.status === 404) {
      const hint = "Check the id; the canvas and `molecule workspace list` show it.";
      return because("the platform knows no workspace of this id", hint, error);
    }
    throw error;
  }
  return because(
    "the workspace is there, but the token is not one of its live ones: of another workspace, revoked or rotated",
    "`molecule workspace rotate-token` makes a new one.",
    refusal,
  );
}
