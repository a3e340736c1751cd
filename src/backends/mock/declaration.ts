/** The mock backend as it is declared: parsing and help follow from this. */
import type { BackendType } from "../backend.ts";

/** The backend: no option must be given. */
export const mock: BackendType = {
  name: "mock",
  summary: "answers with a fixed text; to try a connection out",
  options: {
    reply: {
      type: "string",
      summary: "the answer; %s stands for the message's text",
      default: "echo: %s",
    },
  },
  create: async (options) => (await import("./create.ts")).createMock(options),
};
