/** Flags for what becomes of a token: the platform shows it only once. */
import { flag } from "../../cli/flag.ts";

const places = {
  saveTo: flag({
    type: "string",
    summary: "file that the token is written to, for its owner alone",
    placeholder: "file",
    complete: "file",
  }),
  showToken: flag({ type: "boolean", summary: "print the token, too" }),
};

/** Where the token is the workspace's first, or its only one: it is kept unless told otherwise. */
export const keepFlags = {
  save: flag({
    type: "boolean",
    summary: "keep the token in the state folder, where connect finds it",
    default: true,
  }),
  ...places,
};

/** Where it is one of several, and most likely for another machine. */
export const handOverFlags = {
  save: flag({
    type: "boolean",
    summary: "keep the token in the state folder, where connect finds it",
  }),
  ...places,
};
