/** Which manager there is. */
import { UsageError } from "../../shared/errors.ts";
import { LaunchdManager } from "./launchd-manager.ts";
import type { Machine } from "./machine.ts";
import type { Manager, ManagerName, Scope } from "./manager.ts";
import { SystemdManager } from "./systemd-manager.ts";
import { WindowsManager } from "./windows-manager.ts";

/** The manager of this system, or the one of that name. Throws a UsageError where there is none. */
export function managerFor(machine: Machine, scope: Scope, name?: ManagerName): Manager {
  switch (name ?? OF_SYSTEMS[machine.platform]) {
    case "systemd":
      return new SystemdManager(machine, scope);
    case "launchd":
      return new LaunchdManager(machine, scope);
    case "windows":
      return new WindowsManager(machine, scope);
    default:
      throw new UsageError(
        `there is no manager of services that is known on ${machine.platform}`,
        "molecule service print --manager systemd shows what one would be told.",
      );
  }
}

/** By system. */
export const OF_SYSTEMS: Partial<Record<NodeJS.Platform, ManagerName>> = {
  linux: "systemd",
  darwin: "launchd",
  win32: "windows",
};
