import type { Secrets } from "../shared/secrets.ts";

/** The same data with every known secret masked, in all texts. For data that JSON can say, but for undefined. */
export function maskAll<T>(data: T, secrets: Secrets): T {
  if (typeof data === "string") return secrets.mask(data) as T;
  if (typeof data !== "object" || data === null) return data;
  if (Array.isArray(data)) return data.map((one: unknown) => maskAll(one, secrets)) as T;
  const entries = Object.entries(data).map(([key, value]) => [key, maskAll(value, secrets)]);
  return Object.fromEntries(entries) as T;
}
