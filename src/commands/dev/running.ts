/** From the flags to the platform of `molecule dev` that runs on this machine, and to no other. */
import type { Context } from "../../cli/command.ts";
import { savedAdminToken } from "../../dev/token-files.ts";
import { parseApiUrl } from "../../platform/api-url.ts";
import type { HttpParts } from "../../platform/http.ts";
import { Management } from "../../platform/management.ts";
import { PlatformError } from "../../platform/platform.ts";
import { Token } from "../../platform/token.ts";
import { ExitCode, MoleculeError, UsageError } from "../../shared/errors.ts";
import { isLoopback } from "../../shared/proxy.ts";
import { apiToken } from "../access/api.ts";
import { GLOBALS } from "../globals.ts";
import { httpParts } from "../access/http-parts.ts";
import { defaultDatabase } from "./database-file.ts";
import { DevFaults } from "./faults.ts";

/** A platform of `molecule dev` that has shown itself to be one. */
export interface Running {
  /** For further clients; they speak as its administrator. */
  parts: HttpParts;
  management: Management;
  faults: DevFaults;
}

export interface RunningValues {
  apiToken: string | undefined;
  apiTokenFile: string | undefined;
  orgId: string | undefined;
}

/**
 * The platform at --api-url. A UsageError for another machine, before any I/O; a MoleculeError for what is
 * no platform of `molecule dev`, or one that has another admin token. Without a token by flag, variable or
 * file it takes the one that `molecule dev` has left at its usual place.
 */
export async function runningDev(values: RunningValues, context: Context): Promise<Running> {
  const { host, hostname } = parseApiUrl(context.get(GLOBALS.apiUrl));
  if (!isLoopback(hostname)) {
    throw new UsageError(
      `${host} is not this machine; '${context.path.join(" ")}' works on a platform of 'molecule dev' only`,
      "Start one with 'molecule dev'; --api-url http://localhost:8080 is its address.",
    );
  }
  const token = (await apiToken(values, context)) ?? keptToken(context);
  const parts = await httpParts(context, { token, orgId: values.orgId });
  const faults = new DevFaults(parts);
  try {
    await faults.list();
  } catch (error) {
    throw error instanceof PlatformError ? explain(error, host, token) : error;
  }
  return { parts, management: new Management(parts), faults };
}

function keptToken(context: Context): Token {
  const db = defaultDatabase();
  return new Token(context.io.secrets, savedAdminToken(db), `the files beside ${db}`);
}

function explain(error: PlatformError, host: string, token: Token): MoleculeError {
  const { verdict, failure } = error;
  if (verdict === "unauthorized" || verdict === "forbidden") {
    const used =
      token.value === undefined
        ? "and there is none"
        : `and the one from ${token.origin} is not it`;
    return new MoleculeError(`the platform at ${host} wants its admin token, ${used}`, {
      exitCode: ExitCode.refused,
      hint: "--api-token-file names the file; 'molecule dev' prints where it lies.",
      cause: error,
    });
  }
  const { status, unknownOutcome } = failure;
  // No answer came at all; or the guard of a tenant explains itself, with the flag that is missing.
  const isAnswered = status !== undefined || unknownOutcome === undefined;
  if (!isAnswered || status === 429 || (status === 400 && verdict === "misaddressed")) return error;
  return new MoleculeError(`what answers at ${host} is no platform of 'molecule dev'`, {
    hint: "Only such a one is put under load, or made to fail. --api-url is the address that 'molecule dev' printed, and --org-id its --tenant-org.",
    cause: error,
  });
}
