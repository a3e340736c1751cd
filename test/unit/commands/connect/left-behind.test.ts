import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { refuseLeftBehind } from "../../../../src/commands/connect/left-behind.ts";
import { WORKSPACE } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";

const EMPTY = { knows: async () => false };
const FULL = { knows: async () => true };

describe("state that a bridge would pass over", () => {
  test.each(["db", "json"])(
    "is a local .%s that the shared store knows nothing of",
    async (ending) => {
      using folder = tmpFolder();
      const refused = () => refuseLeftBehind(folder.path, WORKSPACE, EMPTY);
      await refused();
      writeFileSync(join(folder.path, `${WORKSPACE}.${ending}`), "");
      await expect(refused()).rejects.toMatchObject({
        exitCode: 2,
        hint: expect.stringContaining(`molecule store migrate ${WORKSPACE}`),
      });
      await refuseLeftBehind(folder.path, WORKSPACE, FULL);
      await refuseLeftBehind(folder.path, WORKSPACE, undefined);
    },
  );

  test.each(["db", "json"])("is a .%s that was moved, where no store is named", async (ending) => {
    using folder = tmpFolder();
    const refused = () => refuseLeftBehind(folder.path, WORKSPACE, undefined);
    writeFileSync(join(folder.path, `${WORKSPACE}.${ending}.moved`), "");
    await expect(refused()).rejects.toMatchObject({
      exitCode: 2,
      hint: expect.stringContaining("--store-file"),
    });
    await refuseLeftBehind(folder.path, WORKSPACE, FULL);
    // Begun anew here, on purpose.
    writeFileSync(join(folder.path, `${WORKSPACE}.json`), "");
    await refused();
  });
});
