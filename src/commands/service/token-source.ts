/** Where a service gets its token from: always a file. */
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isReadableByOthers } from "../../platform/token.ts";
import type { Subject } from "../../service/spec.ts";
import { codeOf, MoleculeError, UsageError } from "../../shared/errors.ts";
import { shellWord } from "../../shared/shell-word.ts";
import { tokenPath } from "../../store/token-file.ts";
import type { ConnectLine } from "./connect-line.ts";
import type { Machine } from "./machine.ts";

/**
 * The path of the token file that was given, absolute, and warnings of it. Rejects where there is none for a
 * workspace: `isHandedOver` says that one which is kept with the state would not be found either.
 */
export async function checkTokenFile(
  line: ConnectLine,
  subject: Subject,
  machine: Machine,
  isHandedOver: boolean,
): Promise<{ path: string | undefined; warnings: string[] }> {
  const given = line.setting("tokenFile")?.value as string | undefined;
  if (subject.kind === "fleet") return { path: undefined, warnings: [] };
  if (given === undefined) {
    if (subject.kind === "workspace") await requireKept(subject.id, line, machine, isHandedOver);
    return { path: undefined, warnings: [] };
  }
  const path = resolve(machine.folder, given);
  if (subject.kind === "template") {
    if (path.includes("%i")) return { path, warnings: [] };
    throw new UsageError(
      "a token is one workspace's, and a template serves many",
      "Let the file's name hold the id, as in --token-file /etc/molecule/%i.token.",
    );
  }
  await requireFile(path, subject.id);
  const warnings = (await isReadableByOthers(path))
    ? [`others on this machine can read the token file ${path}; chmod 600 mends it`]
    : [];
  return { path, warnings };
}

async function requireKept(
  id: string,
  line: ConnectLine,
  { home, folder }: Machine,
  isHandedOver: boolean,
): Promise<void> {
  const stateDir = line.setting("stateDir")?.value as string | undefined;
  const state = resolve(folder, stateDir ?? join(home, ".config", "molecule", "state"));
  if (!isHandedOver && (await isThere(tokenPath(state, id)))) return;
  throw new UsageError(
    "the service has no token",
    `Name its file by --token-file; to make one: molecule token create ${id} --save-to FILE`,
  );
}

async function requireFile(path: string, id: string): Promise<void> {
  let why = "is no file";
  try {
    if ((await stat(path)).isFile()) return;
  } catch (error) {
    const code = codeOf(error);
    why = code === "ENOENT" ? "is not there" : `can't be looked at (${code})`;
  }
  const file = shellWord(path);
  throw new MoleculeError(`the token file ${path} ${why}`, {
    hint: `To make one: molecule token create ${id} --save-to ${file}; with a new workspace: molecule workspace create NAME --save-to ${file}`,
  });
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
