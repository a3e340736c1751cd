/** The flags that choose what answers the messages, and its options. */
import { BACKENDS, DEFAULT_BACKEND } from "../../backends/registry.ts";
import { flag } from "../../cli/flag.ts";
import { backendNames, backendOptions } from "./backend-choices.ts";

export const backendFlags = {
  backend: flag({
    type: "string",
    summary: "what answers the messages",
    default: DEFAULT_BACKEND,
    placeholder: "name",
    complete: backendNames(BACKENDS),
    config: "guarded",
  }),
  backendOpt: flag({
    type: "strings",
    summary: "an option of the backend",
    placeholder: "key=value",
    complete: {
      by: "backend",
      // Made where they are read: the other commands start without them.
      get sets() {
        return backendOptions(BACKENDS);
      },
    },
    config: "guarded",
  }),
};
