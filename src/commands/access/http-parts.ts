/** What every client of the platform is made of, from the global flags. */
import type { Context } from "../../cli/command.ts";
import { parseApiUrl } from "../../platform/api-url.ts";
import type { HttpParts } from "../../platform/http.ts";
import type { Token } from "../../platform/token.ts";
import { USER_AGENT } from "../../project.ts";
import { LATE, systemClock } from "../../shared/clock.ts";
import { codeOf, MoleculeError, messageOf } from "../../shared/errors.ts";
import { readPatiently } from "../../shared/read-file.ts";
import { GLOBALS } from "../globals.ts";
import { logFor } from "../logging.ts";

/** As whom and with what a client speaks. */
export interface Speaker {
  token: Pick<Token, "value">;
  orgId: string | undefined;
  /** The workspace that it speaks as; undefined for the operator. */
  identity?: string | undefined;
}

/** The same parts, for a client whose calls are told of with `--verbose`. */
export function traced(parts: HttpParts, context: Context): HttpParts {
  return { ...parts, trace: logFor(context).debug };
}

/** The parts of a client. Rejects for a file of authorities that can't be read. */
export async function httpParts(
  context: Context,
  { token, orgId, identity }: Speaker,
): Promise<HttpParts> {
  return {
    baseUrl: parseApiUrl(context.get(GLOBALS.apiUrl)),
    identity,
    orgId,
    userAgent: USER_AGENT,
    token: () => token.value,
    clock: systemClock,
    secrets: context.io.secrets,
    ca: await authorities(context.get(GLOBALS.caFile)),
  };
}

/** The authorities of the whole web are a thirtieth of it. In bytes. */
const MOST_BYTES = 8 * 1024 * 1024;
/** The file may be a pipe that another program writes. */
const PATIENCE_MS = 15_000;

/**
 * Those of the file and the system's, in PEM; undefined without a file, which leaves it to the system.
 * Rejects with a MoleculeError for a file that can't be read, has no end within so many milliseconds, or holds no
 * certificate.
 */
export async function authorities(
  file: string | undefined,
  patienceMs = PATIENCE_MS,
): Promise<string[] | undefined> {
  if (file === undefined) return undefined;
  const own = await certificatesOf(file, patienceMs);
  // What is given to a call stands in the system's place, so the system's go with it.
  return [...new Set([...systemAuthorities(), ...own])];
}

/**
 * Those that are trusted without being told of any: Mozilla's, the system's, and those that
 * NODE_EXTRA_CA_CERTS names.
 */
export function systemAuthorities(): string[] {
  const { getCACertificates } = process.getBuiltinModule("node:tls");
  return [...new Set([...getCACertificates("default"), ...getCACertificates("system")])];
}

async function certificatesOf(file: string, patienceMs: number): Promise<string[]> {
  const text = await textOf(file, patienceMs);
  const found = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g);
  if (found === null) {
    throw new MoleculeError(`the file of authorities ${file} holds no certificate`, {
      hint: "A certificate in PEM begins with -----BEGIN CERTIFICATE-----.",
    });
  }
  const { X509Certificate } = process.getBuiltinModule("node:crypto");
  for (const [at, pem] of found.entries()) {
    try {
      new X509Certificate(pem);
    } catch (error) {
      throw new MoleculeError(
        `certificate ${at + 1} in the file of authorities ${file} can't be understood`,
        {
          hint: "It may have been cut or changed on its way here: get the file again.",
          cause: error,
        },
      );
    }
  }
  return found;
}

async function textOf(file: string, patienceMs: number): Promise<string> {
  let text: string | typeof LATE | undefined;
  try {
    text = await readPatiently(file, MOST_BYTES, patienceMs);
  } catch (error) {
    throw unreadable(file, `can't be read (${codeOf(error) ?? messageOf(error)})`, error);
  }
  if (text === LATE) throw unreadable(file, `had no end within ${patienceMs / 1000} s`);
  if (text === undefined) throw unreadable(file, "is larger than 8 MiB");
  return text;
}

function unreadable(file: string, what: string, cause?: unknown): MoleculeError {
  return new MoleculeError(`the file of authorities ${file} ${what}`, {
    hint: "--ca-file names a file of certificates in PEM that you can read.",
    cause,
  });
}
