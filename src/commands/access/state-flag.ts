/** The flag for where bridges keep their state. */
import { flag } from "../../cli/flag.ts";

export const stateDir = flag({
  type: "string",
  summary:
    "folder where bridges keep their cursors, journals and tokens; ~/.config/molecule/state if not given",
  env: "MOLECULE_STATE_DIR",
  placeholder: "folder",
  complete: "folder",
  config: "guarded",
  advanced: true,
});
