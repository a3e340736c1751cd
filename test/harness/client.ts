import { PlatformClient, type ClientParts } from "../../src/platform/client.ts";
import { parseApiUrl } from "../../src/platform/api-url.ts";
import { Http, type Call, type HttpParts } from "../../src/platform/http.ts";
import { PlatformError } from "../../src/platform/platform.ts";
import { systemClock } from "../../src/shared/clock.ts";
import { Secrets } from "../../src/shared/secrets.ts";
import { TOKEN, WORKSPACE } from "./scripted-platform.ts";

/** What a client needs, as the bridge would give it. */
export function partsFor(url: string, change: Partial<ClientParts> = {}): ClientParts {
  return {
    baseUrl: parseApiUrl(url),
    workspaceId: WORKSPACE,
    identity: WORKSPACE,
    orgId: undefined,
    userAgent: "molecule/test",
    token: () => TOKEN,
    clock: systemClock,
    secrets: new Secrets(),
    ...change,
  };
}

export function clientFor(url: string, change?: Partial<ClientParts>): PlatformClient {
  return new PlatformClient(partsFor(url, change));
}

export function httpFor(url: string, change?: Partial<HttpParts>): Http {
  return new Http(partsFor(url, change));
}

/** A small call, with limits that a test can wait for. */
export function callOf(change: Partial<Call> = {}): Call {
  return {
    what: "test",
    method: "GET",
    path: ["workspaces", WORKSPACE],
    deadlineMs: 20_000,
    maxBytes: 1024 * 1024,
    ...change,
  };
}

/** The error of a call that must fail as calls do. */
export async function failureOf(doomed: Promise<unknown>): Promise<PlatformError> {
  const end = await doomed.catch((error: unknown) => error);
  if (end instanceof PlatformError) return end;
  throw new Error(`no failure of the platform, but ${Bun.inspect(end)}`);
}
