/** Paths that can't go together with how systemd fences a service of the system in. */
import { UsageError } from "../../shared/errors.ts";

/** A service of systemd's own has a /tmp of its own, too, where nothing of this one is: throws a UsageError. */
export function checkPrivate(paths: readonly string[]): void {
  const path = paths.find((one) => /^\/(?:var\/)?tmp(?:\/|$)/.test(one));
  if (path === undefined) return;
  throw new UsageError(
    `a service of the system would not find ${path}: it has a /tmp of its own`,
    "Put it elsewhere; --folder names the folder that it works in.",
  );
}

/** What the service may write to, absolute. */
export interface Writable {
  readonly folder: string;
  readonly home: string;
  readonly stateDir: string | undefined;
}

/**
 * Throws a UsageError where what `account` may write to is all there is, which would take the fence away
 * (systemd.exec(5), ProtectSystem=). `real` is what a path leads to.
 */
export function checkFence(
  account: string,
  { folder, home, stateDir }: Writable,
  real: (path: string) => string,
): void {
  const isRoot = (path: string) => /^\/+$/.test(real(path));
  const all = "and all of the system would be open to its writes";
  if (isRoot(folder)) {
    throw new UsageError(
      `the service would work in the folder /, ${all}`,
      "Name a folder of its own by --folder.",
    );
  }
  if (stateDir !== undefined && isRoot(stateDir)) {
    throw new UsageError(
      `--state-dir is the folder /, ${all}`,
      "Name a folder of its own, or leave it out.",
    );
  }
  if (isRoot(home)) {
    throw new UsageError(
      `the home of ${account} is the folder /, ${all}`,
      "Name an account with a home of its own by --run-as; to make one: useradd --system --create-home NAME.",
    );
  }
}
