/**
 * Where a test holds that does not hold everywhere. Elsewhere it is skipped under its name, with the
 * reason behind it: a test that returns early, or looks at nothing, would pass.
 */
import { describe, test } from "bun:test";

export const WINDOWS = process.platform === "win32";
export const LINUX = process.platform === "linux";

/** What a test file takes from `bun:test`. */
export interface Guarded {
  describe: typeof describe;
  test: typeof test;
}

/** Linux only: `why` names what rests on it, /proc for example. */
export function onLinux(why: string): Guarded {
  return onlyWhere(LINUX, why);
}

/** Every system but Windows: `why` names what is missing there, `sh` or the modes of files for example. */
export function onPosix(why: string): Guarded {
  return onlyWhere(!WINDOWS, why);
}

/** Only where the condition holds: `why` says what it is that is missing elsewhere. */
export function onlyWhere(holds: boolean, why: string): Guarded {
  return holds
    ? { describe, test }
    : { describe: skipped(describe, why), test: skipped(test, why) };
}

/** The same call under the same name, with the reason behind it, and skipped. */
function skipped<T extends typeof describe | typeof test>(make: T, why: string): T {
  const named =
    (call: Call): Call =>
    (name, ...rest) =>
      call(`${name} [skipped: ${why}]`, ...rest);
  const skip = make.skip as unknown as Call & { each: (table: unknown) => Call };
  const each = (table: unknown) => named(skip.each(table));
  return Object.assign(named(skip), { each }) as unknown as T;
}

type Call = (name: unknown, ...rest: unknown[]) => unknown;

/** The environment that a program needs to run, with `home` as its home and place for temporary files. */
export function bareEnv(home: string): Record<string, string> {
  const env: Record<string, string> = { PATH: process.env.PATH ?? "", HOME: home };
  if (!WINDOWS) return env;
  // Without the first, Windows gives a program neither sockets nor chance.
  for (const name of ["SystemRoot", "ComSpec", "PATHEXT"]) env[name] = process.env[name] ?? "";
  return { ...env, USERPROFILE: home, TEMP: home, TMP: home };
}

/** The `PATH` with a folder before it. */
export function pathWith(folder: string): string {
  return `${folder}${WINDOWS ? ";" : ":"}${process.env.PATH ?? ""}`;
}
