import { PlatformError } from "./platform.ts";

/**
 * The failure of a command's own call with what to do next, where the failure itself has no word on it. A
 * bridge, which tries again by itself, needs none of this.
 */
export function advised(error: PlatformError): PlatformError {
  const hint = error.hint ?? hintFor(error.failure.status ?? 0);
  return hint === error.hint ? error : new PlatformError(error.message, { ...error.failure, hint });
}

function hintFor(status: number): string | undefined {
  if (status === 403)
    return "The platform does not let you do this, with this token or at this address.";
  if (status === 429) return "The platform takes only so many calls a minute: wait a little.";
  return status >= 500
    ? "The platform, or something before it, has a fault of its own: try again after a while."
    : undefined;
}
