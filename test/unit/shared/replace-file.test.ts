import { expect, test } from "bun:test";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../../../src/shared/replace-file.ts";
import { tmpFolder } from "../../harness/tmp.ts";

/** A rename that is refused with the code so many times. */
function refusing(code: string, times: number) {
  const tries = { count: 0 };
  const rename = async () => {
    tries.count += 1;
    if (tries.count <= times) throw Object.assign(new Error(code), { code });
  };
  return { tries, rename };
}

/** A clock whose sleeps are over at once, and move it. */
function quickClock() {
  let at = 0;
  const sleep = async (ms: number) => void (at += ms);
  return { now: () => at, monotonic: () => at, sleep };
}

test("a file takes the place of another one, or of none", async () => {
  using folder = tmpFolder();
  const [from, to] = [join(folder.path, "a"), join(folder.path, "b")];
  for (const text of ["first", "second"]) {
    await writeFile(from, text);
    await replaceFile(from, to);
    expect(await readFile(to, "utf8")).toBe(text);
    expect(await readdir(folder.path)).toEqual(["b"]);
  }
});

test("a file that can't take the place stays where it is", async () => {
  using folder = tmpFolder();
  const from = join(folder.path, "a");
  await writeFile(from, "a");
  await mkdir(join(folder.path, "b", "inside"), { recursive: true });
  expect(await replaceFile(from, join(folder.path, "b")).catch((e) => e.code)).toBeString();
  expect((await readdir(folder.path)).sort()).toEqual(["a", "b"]);
});

test.each(["EPERM", "EACCES", "EBUSY"])(
  "on Windows %s is tried again until it is over",
  async (code) => {
    const { tries, rename } = refusing(code, 3);
    await replaceFile("a", "b", { windows: true, clock: quickClock(), rename });
    expect(tries.count).toBe(4);
  },
);

test("on Windows it is given up with the system's error after two seconds", async () => {
  const { rename } = refusing("EPERM", Infinity);
  const clock = quickClock();
  const failed = replaceFile("a", "b", { windows: true, clock, rename });
  expect(await failed.catch((e) => e.code)).toBe("EPERM");
  expect(clock.monotonic()).toBe(2_000);
});

test("on Windows it is tried once more when the two seconds are over", async () => {
  const clock = quickClock();
  const tries: number[] = [];
  const rename = async () => {
    tries.push(clock.monotonic());
    if (clock.monotonic() < 2_000) throw Object.assign(new Error("EBUSY"), { code: "EBUSY" });
  };
  await replaceFile("a", "b", { windows: true, clock, rename });
  expect(tries).toEqual([0, 5, 15, 35, 75, 155, 315, 635, 1_275, 2_000]);
});

test.each([
  ["another error", "ENOENT", true],
  ["another system", "EPERM", false],
] as const)("%s is not tried again", async (_, code, windows) => {
  const { tries, rename } = refusing(code, 1);
  const failed = replaceFile("a", "b", { windows, clock: quickClock(), rename });
  expect(await failed.catch((e) => e.code)).toBe(code);
  expect(tries.count).toBe(1);
});
