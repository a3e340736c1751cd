/** The value of a `text` or `secret` option: itself, or that of the variable which it names. */
import { UsageError } from "../shared/errors.ts";
import type { BackendParts } from "./backend.ts";

/**
 * `env:NAME` becomes the variable's value, which is a secret from then on: masked in every output, and
 * not handed to a child. Throws a UsageError where there is no such variable, or where it is empty.
 */
export function resolveText(
  option: string,
  value: string,
  { env, secrets }: Pick<BackendParts, "env" | "secrets">,
): string {
  const [, name] = /^env:(.+)$/s.exec(value) ?? [];
  if (name === undefined) return value;
  const found = env[name]?.trim();
  if (found === undefined || found === "") {
    throw new UsageError(
      `option ${option} names the variable ${name}, which is not set`,
      `set ${name}, or name another variable with --backend-opt ${option}=env:NAME`,
    );
  }
  secrets.add(found);
  return found;
}
