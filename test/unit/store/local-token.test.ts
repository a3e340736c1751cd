import { chmod, chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { MoleculeError } from "../../../src/shared/errors.ts";
import { LocalStore } from "../../../src/store/local.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { onPosix } from "../../harness/platform.ts";

const withModes = onPosix("Windows has no modes of files").test;

/** Why the token is not taken. */
async function failureOf(store: LocalStore): Promise<MoleculeError> {
  const end = await store.loadToken().catch((error: unknown) => error);
  if (end instanceof MoleculeError) return end;
  throw new Error("the token was taken");
}

test("a store has no token where its file is empty", async () => {
  using folder = tmpFolder();
  const store = new LocalStore(folder.path, WORKSPACE);
  await store.saveToken("tok-1");
  await writeFile(join(folder.path, `${WORKSPACE}.token`), " \n");
  expect(await store.loadToken()).toBeUndefined();
});

withModes.each([0o620, 0o602, 0o666])(
  "no token is taken from a file of mode %o: others could choose as whom we speak",
  async (mode) => {
    using folder = tmpFolder();
    const store = new LocalStore(folder.path, WORKSPACE);
    await store.saveToken("tok-canary-1");
    const path = join(folder.path, `${WORKSPACE}.token`);
    await chmod(path, mode);
    const error = await failureOf(store);
    expect(error.message).toBe(`the token file ${path} can be written by others`);
    expect(error.hint).toContain("chmod 600");
    expect(Bun.inspect(error)).not.toContain("tok-canary-1");
    await chmod(path, 0o644);
    expect(await store.loadToken()).toBe("tok-canary-1");
  },
);

test.skipIf(process.getuid?.() !== 0)(
  "no token is taken from another user's file (needs root to make one)",
  async () => {
    using folder = tmpFolder();
    const store = new LocalStore(folder.path, WORKSPACE);
    await store.saveToken("tok-canary-1");
    await chown(join(folder.path, `${WORKSPACE}.token`), 65534, 65534);
    expect((await failureOf(store)).message).toContain("can be written by others");
  },
);

test("one of an earlier version, which names no platform, is taken as it is", async () => {
  using folder = tmpFolder();
  const path = join(folder.path, `${WORKSPACE}.token`);
  await writeFile(path, "tok-1\n", { mode: 0o600 });
  const store = new LocalStore(folder.path, WORKSPACE, { platform: "https://ours.example.com" });
  expect(await store.loadToken()).toBe("tok-1");
});
