/** `molecule backend list`, as the binary prints it. */
import { expect, test } from "bun:test";
import { BACKENDS, DEFAULT_BACKEND } from "../../src/backends/registry.ts";
import { describeBackends } from "../../src/commands/backend/backend-help.ts";
import { runToEnd } from "../harness/binary.ts";
import { tmpFolder } from "../harness/tmp.ts";

const described = describeBackends(BACKENDS, DEFAULT_BACKEND);

test("backend list prints them as data", async () => {
  using home = tmpFolder();
  const json = await runToEnd(["backend", "list", "-o", "json"], { home: home.path });
  expect(JSON.parse(json.stdout)).toEqual(described);
  const table = await runToEnd(["backend", "list"], { home: home.path });
  for (const { options } of described) {
    for (const { option } of options) expect(table.stdout).toContain(option);
  }
});
