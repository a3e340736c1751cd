/** The variables of a service: what programs are found by, and nothing secret. */
import type { Context } from "../../cli/command.ts";
import { UsageError } from "../../shared/errors.ts";
import { isSecretName, looksSecret } from "./exposed.ts";
import type { SpecValues } from "./flags.ts";
import type { ManagerName } from "./manager.ts";

/** A manager starts services with a PATH of its own, on which a backend's program may be missing. */
const CARRIED = [
  "PATH",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
];

/**
 * The variables, and warnings of those that are left out, or that `options` of backends name. Throws a UsageError for one that holds a secret: a
 * service's file can be read by others.
 */
export function serviceEnv(
  values: Pick<SpecValues, "env" | "envFile">,
  options: readonly string[],
  { env: here, io }: Context,
  manager: ManagerName,
): { env: Record<string, string>; warnings: string[] } {
  const env: Record<string, string> = {};
  const warnings: string[] = [];
  // Tasks of Windows have the variables of their user.
  for (const name of manager === "windows" ? [] : CARRIED) {
    const value = here[name];
    if (!value) continue;
    if (!looksSecret(value, io.secrets)) env[name] = value;
    else warnings.push(`${name} holds a password and is left out; --env-file can have it`);
  }
  for (const pair of values.env) {
    const [, name = "", value = ""] = /^(\w+)=(.*)$/s.exec(pair) ?? [];
    if (isSecretName(name) || looksSecret(value, io.secrets)) {
      throw new UsageError(
        `--env ${name} would put a secret into a file that others can read`,
        "The token belongs into --token-file, other secrets into a file of yours alone: --env-file (systemd).",
      );
    }
    env[name] = value;
  }
  if (values.envFile === undefined) warnings.push(...missing(options, env));
  return { env, warnings };
}

/** Options of the backend that are read from variables which the service will not have. */
function missing(options: readonly string[], env: Record<string, string>): string[] {
  return [...new Set(options)].flatMap((option) => {
    const [, key, name] = /^([^=]+)=env:(\w+)$/.exec(option) ?? [];
    if (name === undefined || name in env) return [];
    return [
      `the backend's ${key} is to come from ${name}, which the service has by --env-file only`,
    ];
  });
}
