/** `molecule platform`: how the platform is. */
import { group } from "../../cli/command.ts";
import { audit } from "./audit.ts";
import { health } from "./health.ts";

export const platform = group({
  name: "platform",
  summary: "see how the platform is",
  commands: [health, audit],
});
