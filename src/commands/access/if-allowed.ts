/** What the platform does not show to everyone. */
import { PlatformError } from "../../platform/platform.ts";

/** Whether the platform answered that this is not for the token: 401 or 403 (contract 1.4). */
export function isRefusal(error: unknown): error is PlatformError {
  return error instanceof PlatformError && ["unauthorized", "forbidden"].includes(error.verdict);
}

/** What the call gives; undefined where its token may not see that. Rejects with all other failures. */
export async function ifAllowed<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}
