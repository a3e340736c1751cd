/**
 * Where a test holds that does not hold everywhere. Elsewhere it is skipped under its name, with the
 * reason behind it: a test that returns early, or looks at nothing, would pass.
 */
import { describe, test } from "bun:test";
import { delimiter } from "node:path";

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
  if (holds) return { describe, test };
  const reason = ` [skipped: ${why}]`;
  return {
    describe: named(describe.skipIf(true), reason),
    test: named(test.skipIf(true), reason),
  };
}

/** The same function with all that it has, as `each`: only the names that it is told end in the reason. */
function named<F extends Function>(make: F, reason: string, owner?: Function): F {
  const wrapped = (value: unknown, of?: Function) =>
    typeof value === "function" ? named(value, reason, of) : value;
  return new Proxy(make, {
    get: (target, key) => wrapped(Reflect.get(target, key), target),
    apply(target, _, [first, ...rest]) {
      const name = typeof first === "string" ? first + reason : first;
      return wrapped(Reflect.apply(target, owner, [name, ...rest]));
    },
  });
}

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
  return `${folder}${delimiter}${process.env.PATH ?? ""}`;
}
