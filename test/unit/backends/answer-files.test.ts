import { expect, test } from "bun:test";
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { admitFiles, hasFiles } from "../../../src/backends/answer-files.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { onLinks } from "../../harness/links.ts";
import { onPosix } from "../../harness/platform.ts";

const pipes = onPosix("Windows has no named pipes of this kind").test;

const linked = onLinks().test;

/** A folder `work` with a file, beside files that are none of its business. */
function scene() {
  const folder = tmpFolder();
  const root = realpathSync(folder.path);
  for (const name of ["work", "work/sub", "answers", "work-not"]) mkdirSync(join(root, name));
  for (const name of ["work/a", "work/sub/..b", "answers/c", "work-not/d", "secret"]) {
    writeFileSync(join(root, name), name);
  }
  const admit = (paths: string[], answerFolder: string | undefined = join(root, "answers")) =>
    admitFiles(
      paths.map((path) => ({ path })),
      { cwd: join(root, "work"), answerFolder },
      new Secrets(),
    );
  return { root, admit, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

linked(
  "files below its folder or the answer folder are let through, by their real paths, once",
  async () => {
    using it = scene();
    symlinkSync("a", join(it.root, "work", "link"));
    const { files, note } = await it.admit([
      "a",
      "./sub/../a",
      "link",
      "sub/..b",
      join(it.root, "answers", "c"),
      "../answers/c",
    ]);
    expect(files).toEqual(
      ["work/a", "work/sub/..b", "answers/c"].map((path) => ({ path: join(it.root, path) })),
    );
    expect(note).toBeUndefined();
  },
);

linked("a link out of the folder is followed, and what it names left out", async () => {
  using it = scene();
  symlinkSync("../secret", join(it.root, "work", "link"));
  symlinkSync("..", join(it.root, "work", "up"));
  for (const path of ["link", "up/secret", "../secret", "../work-not/d", "/etc/passwd"]) {
    const { files, note } = await it.admit([path]);
    expect(files).toEqual([]);
    expect(note).toBe(
      `left out of the answer: a file that the agent named: ${path} (it lies in neither its folder nor the answer folder)`,
    );
  }
});

linked("a folder of which a link was made is still that folder", async () => {
  using it = scene();
  const linked = join(it.root, "linked");
  symlinkSync("work", linked);
  const folders = { cwd: linked, answerFolder: undefined };
  const { files } = await admitFiles([{ path: "a" }], folders, new Secrets());
  expect(files).toEqual([{ path: join(it.root, "work", "a") }]);
});

pipes("only regular files", async () => {
  using it = scene();
  const fifo = join(it.root, "work", "fifo");
  expect(Bun.spawnSync(["mkfifo", fifo]).exitCode).toBe(0);
  for (const path of ["sub", "fifo"]) {
    expect((await it.admit([path])).note).toEndWith(`${path} (it is no regular file)`);
  }
  for (const path of ["gone", "a/b", "nul\0", "x".repeat(10_000)]) {
    const { files, note } = await it.admit([path]);
    expect(files).toEqual([]);
    expect(note).toEndWith("(there is no such file, or it can't be read)");
  }
  expect((await it.admit(["."])).files).toEqual([]);
});

test("without an answer folder only its own folder counts", async () => {
  using it = scene();
  const folders = { cwd: join(it.root, "work"), answerFolder: undefined };
  const { files } = await admitFiles([{ path: "../answers/c" }], folders, new Secrets());
  expect(files).toEqual([]);
});

test("a folder that is gone lets nothing through, and throws nothing", async () => {
  using it = scene();
  const folders = { cwd: join(it.root, "gone"), answerFolder: join(it.root, "gone-too") };
  const { files, note } = await admitFiles([{ path: "a" }], folders, new Secrets());
  expect(files).toEqual([]);
  expect(note).toContain("there is no such file");
});

test("many that are left out are told in one line, without secrets", async () => {
  using it = scene();
  const secrets = new Secrets();
  secrets.add("canary-0123456789");
  const named = ["canary-0123456789", "2\n3", "4", "5", "6"].map((path) => ({ path }));
  const folders = { cwd: join(it.root, "work"), answerFolder: undefined };
  const { note } = await admitFiles(named, folders, secrets);
  const why = "(there is no such file, or it can't be read)";
  expect(note).toBe(
    `left out of the answer: 5 files that the agent named: [secret] ${why}, 2 3 ${why}, 4 ${why}, and 2 more`,
  );
});

test("a name that holds a secret is masked", async () => {
  using it = scene();
  const secrets = new Secrets();
  secrets.add("canary-0123456789");
  const folders = { cwd: join(it.root, "work"), answerFolder: undefined };
  const named = [{ path: "a", name: "canary-0123456789.txt" }];
  const { files } = await admitFiles(named, folders, secrets);
  expect(files).toEqual([{ path: join(it.root, "work", "a"), name: "[secret].txt" }]);
});

linked(
  "a folder has files where one would go with the answer: none that is hidden, too deep or a link",
  async () => {
    using it = scene();
    const folder = join(it.root, "answers-2");
    mkdirSync(join(folder, "1", "2", "3", "4"), { recursive: true });
    mkdirSync(join(folder, ".git"));
    for (const name of [".hidden", ".git/a", "1/2/3/4/a"]) writeFileSync(join(folder, name), "x");
    symlinkSync("../secret", join(folder, "link"));
    expect(await hasFiles(folder)).toBe(false);
    writeFileSync(join(folder, "1", "2", "3", "a"), "x");
    expect(await hasFiles(folder)).toBe(true);
    expect(await hasFiles(join(it.root, "none"))).toBe(false);
    expect(await hasFiles(undefined)).toBe(false);
  },
);
