/** Where this program's config files lie, as the Go tool of the same name has them. */
import type { ConfigPlaces } from "../../cli/config/places.ts";

export const PLACES: ConfigPlaces = {
  project: "molecule.yaml",
  user: ".config/molecule.yaml",
  trusted: ".config/molecule/trusted.json",
  trustCommand: "molecule config trust",
};
