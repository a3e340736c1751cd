const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/;
const SECOND = 1_000_000_000n;

/**
 * Nanoseconds since 1970 of an RFC 3339 time, or undefined. The feed has more than milliseconds, so
 * Date would make different times equal.
 */
export function parseTimestamp(text: unknown): bigint | undefined {
  if (typeof text !== "string") return undefined;
  const [, day, time, fraction = "", zone] = RFC3339.exec(text) ?? [];
  if (day === undefined || zone === undefined) return undefined;
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

/** The RFC 3339 form of nanoseconds since 1970: UTC, nine digits. */
export function formatTimestamp(ns: bigint): string {
  // Rounded down, also before 1970.
  const fraction = ((ns % SECOND) + SECOND) % SECOND;
  const whole = new Date(Number((ns - fraction) / 1_000_000n)).toISOString().slice(0, 19);
  return `${whole}.${fraction.toString().padStart(9, "0")}Z`;
}
