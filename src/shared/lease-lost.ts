import { MoleculeError } from "./errors.ts";

/** The workspace is another process's now: nothing more may be written or posted for it from here. */
export class LeaseLost extends MoleculeError {
  override readonly name = "LeaseLost";

  constructor(reason: string) {
    super(`another process has taken this workspace over: ${reason}`);
  }
}
