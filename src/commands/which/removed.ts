import type { PlatformError } from "../../platform/platform.ts";
import { ExitCode, MoleculeError } from "../../shared/errors.ts";

/** That a workspace is no more, and since when (contract 2.8). Exit 5. */
export function removedError(id: string, cause: PlatformError): MoleculeError {
  const { removedAt } = cause.failure;
  const when = removedAt === undefined ? "" : ` at ${removedAt}`;
  return new MoleculeError(`workspace ${id} was removed${when}`, {
    exitCode: ExitCode.removed,
    hint: "A removed workspace does not come back: molecule workspace create makes a new one.",
    cause,
  });
}
