/** A program that breaks in the middle of its work, as a fault of its own would have it. */
import { expect, setDefaultTimeout } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../harness/connect.ts";
import { onPosix } from "../harness/platform.ts";
import { untilDead } from "../harness/processes.ts";
import { row, ScriptedPlatform } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";

const { test } = onPosix("its command is for sh");

setDefaultTimeout(60_000);

/** How it breaks, once the command has begun. */
const FAULTS = {
  "an error that nobody catches": "throw new Error('it broke')",
  "a rejection that nobody handles": "void Promise.reject(new Error('it broke'))",
};

for (const [what, fault] of Object.entries(FAULTS)) {
  test(`${what} ends the bridge with 1, and with it all that it has started`, async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    // The runtime loads it before the program.
    writeFileSync(
      join(home.path, "crash.ts"),
      `import { existsSync } from "node:fs";
      setInterval(() => { if (existsSync("begun")) ${fault}; }, 5);`,
    );
    await using bridge = connect(platform.url, home.path, {
      cmd: "sleep 1000 & echo $$ $! >ids; mv ids begun; sleep 1000",
      env: { BUN_OPTIONS: "--preload ./crash.ts" },
    });
    await bridge.endsWith(1);
    expect(bridge.stderr).toContain("error: internal error: it broke\nhint: please report this at");
    await untilDead(readFileSync(join(home.path, "begun"), "utf8").split(" ").map(Number));
    await bridge.untilChildless();
  });
}
