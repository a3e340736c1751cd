/** Where a service is to be: on this machine, or on another system that nothing can be looked up on. */
import { posix, resolve, win32 } from "node:path";
import type { Machine } from "./machine.ts";
import type { ManagerName } from "./manager.ts";
import { OF_SYSTEMS } from "./managers.ts";

export interface Place {
  readonly isElsewhere: boolean;
  /** The absolute path, from the folder that we are in; one that is absolute there stays as it is. */
  absolute(path: string): string;
}

/** The place of that manager's services. */
export function placeOf(
  { platform, folder }: Pick<Machine, "platform" | "folder">,
  manager: ManagerName,
): Place {
  const isElsewhere = OF_SYSTEMS[platform] !== manager;
  const { isAbsolute } = manager === "windows" ? win32 : posix;
  return {
    isElsewhere,
    absolute: (path) => (isElsewhere && isAbsolute(path) ? path : resolve(folder, path)),
  };
}
