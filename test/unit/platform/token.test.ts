import { chmod, chown, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { checkToken } from "../../../src/platform/check-token.ts";
import { isReadableByOthers, Token } from "../../../src/platform/token.ts";
import { MoleculeError, UsageError } from "../../../src/shared/errors.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { ManualClock } from "../../harness/clock.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { onlyWhere, onPosix } from "../../harness/platform.ts";

const withModes = onPosix("Windows has no modes of files").describe;

const OLD = "old-token-0123456789";
const NEW = "new-token-0123456789";

describe("a token", () => {
  test("that is given is what it is, and is a secret", () => {
    const secrets = new Secrets();
    const token = new Token(secrets, OLD, "--token");
    expect(token).toMatchObject({ value: OLD, origin: "--token" });
    expect(secrets.mask(OLD)).toBe("[secret]");
  });

  test("may be missing", () => {
    expect(new Token(new Secrets(), undefined, "nowhere").value).toBeUndefined();
  });

  test("in a file is read without its line end, and is a secret", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "token");
    await writeFile(path, ` ${OLD}\r\n`);
    const secrets = new Secrets();
    const token = await Token.fromFile(path, secrets);
    expect(token).toMatchObject({ value: OLD, origin: `the file ${path}` });
    expect(secrets.mask(OLD)).toBe("[secret]");
  });

  test("that the platform handed out takes its place, and is a secret", () => {
    const secrets = new Secrets();
    const token = new Token(secrets, undefined, "nowhere");
    token.adopt(NEW, "register");
    expect(token).toMatchObject({ value: NEW, origin: "register" });
    expect(secrets.mask(NEW)).toBe("[secret]");
  });

  test.each<[string, string | undefined, string]>([
    ["is missing", undefined, "can't be read (ENOENT)"],
    ["is empty", "\n", "is empty"],
    ["holds more than a token", `${OLD}\n${NEW}\n`, "does not hold a single token"],
  ])(
    "whose file %s is refused, with the file's name and none of its contents",
    async (_, text, reason) => {
      using folder = tmpFolder();
      const path = join(folder.path, "token");
      if (text !== undefined) await writeFile(path, text);
      const error = await Token.fromFile(path, new Secrets()).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(MoleculeError);
      expect(String(error)).toContain(`the token file ${path} ${reason}`);
      expect(Bun.inspect(error)).not.toContain(OLD);
    },
  );
});

describe("after a 401", () => {
  /** A refused token in a file, and the looks at it until one ends the search. */
  async function refusedIn(path: string, contents: (look: number) => string | undefined) {
    const clock = new ManualClock();
    const secrets = new Secrets();
    await writeFile(path, OLD);
    const token = await Token.fromFile(path, secrets);
    let looks = 0;
    const place = async () => {
      const text = contents(++looks);
      await (text === undefined ? rm(path, { force: true }) : writeFile(path, text));
    };
    await place();
    let ended = false;
    const renewing = token.renew(OLD, clock, true).finally(() => (ended = true));
    for (;;) {
      await Promise.race([renewing, clock.untilSleeping()]);
      if (ended) break;
      await place();
      await clock.advance(clock.pending[0] ?? 0);
    }
    return { renewed: await renewing, token, secrets, looks, tookMs: clock.monotonic() };
  }

  test("a newer token in the file is taken at once", async () => {
    using folder = tmpFolder();
    const end = await refusedIn(join(folder.path, "token"), () => NEW);
    expect(end).toMatchObject({ renewed: true, tookMs: 0 });
    expect(end.token.value).toBe(NEW);
    expect(end.secrets.mask(`${OLD} ${NEW}`)).toBe("[secret] [secret]");
  });

  test("the file is given a minute to change", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "token");
    const late = await refusedIn(path, (look) => (look < 50 ? OLD : NEW));
    expect(late.renewed).toBe(true);
    expect(late.token.value).toBe(NEW);
    expect(late.tookMs).toBeGreaterThan(40_000);
    const never = await refusedIn(path, () => OLD);
    expect(never).toMatchObject({ renewed: false, tookMs: 60_000 });
    expect(never.token.value).toBe(OLD);
  });

  test("a file that is empty, missing or half written meanwhile is waited out", async () => {
    using folder = tmpFolder();
    const states = [undefined, "", "\n", `${NEW} ${OLD}`, undefined, NEW];
    const end = await refusedIn(join(folder.path, "token"), (look) => states[look - 1]);
    expect(end).toMatchObject({ renewed: true, looks: states.length });
    expect(end.token.value).toBe(NEW);
  });

  test("the file is looked at once where there is no time to wait", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "token");
    const clock = new ManualClock();
    await writeFile(path, OLD);
    const token = await Token.fromFile(path, new Secrets());
    expect(await token.renew(OLD, clock, false)).toBe(false);
    await writeFile(path, NEW);
    expect(await token.renew(OLD, clock, false)).toBe(true);
    expect(clock.pending).toEqual([]);
  });

  test("the search ends with its signal", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "token");
    const clock = new ManualClock();
    await writeFile(path, OLD);
    const token = await Token.fromFile(path, new Secrets());
    const stop = new AbortController();
    const renewing = token.renew(OLD, clock, true, stop.signal);
    await clock.untilSleeping();
    stop.abort();
    expect(await renewing).toBe(false);
    expect(clock.pending).toEqual([]);
  });

  test("a kept one is looked for only among those for its platform", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "token");
    const clock = new ManualClock();
    const token = Token.kept(path, OLD, "https://ours.example.com", new Secrets());
    await writeFile(path, `${NEW}\nhttps://other.example.com\n`);
    expect(await token.renew(OLD, clock, false)).toBe(false);
    await writeFile(path, `${NEW}\nhttps://ours.example.com\n`);
    expect(await token.renew(OLD, clock, false)).toBe(true);
    expect(token.value).toBe(NEW);
  });

  test("a kept one that is named as a token file is taken from it", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "token");
    await writeFile(path, `${OLD}\nhttps://ours.example.com\n`);
    expect((await Token.fromFile(path, new Secrets())).value).toBe(OLD);
  });

  test("there is no other token where it was given outright, and none is waited for", async () => {
    const clock = new ManualClock();
    const token = new Token(new Secrets(), OLD, "--token");
    expect(await token.renew(OLD, clock, true)).toBe(false);
    expect(clock.pending).toEqual([]);
  });

  test("there is another already where someone else has found it", async () => {
    const token = new Token(new Secrets(), NEW, "--token");
    expect(await token.renew(OLD, new ManualClock(), true)).toBe(true);
    expect(await token.renew(undefined, new ManualClock(), true)).toBe(true);
  });
});

describe("a token's form", () => {
  test.each([OLD, "x", "a.b~c/d+e=", "ADMIN_TOKEN!", `\n ${OLD}\t\r\n`])("may be %j", (text) => {
    expect(checkToken(text, "--token")).toBe(text.trim());
  });

  test.each([
    ["", "is empty"],
    [" \n", "is empty"],
    ["two words", "does not hold a single token"],
    [`${OLD}\n${NEW}`, "does not hold a single token"],
    [`${OLD}\r\nx-admin: 1`, "does not hold a single token"],
    [`${OLD}\0`, "does not hold a single token"],
    [`${OLD}\u007f`, "does not hold a single token"],
    [`${OLD}ä`, "does not hold a single token"],
    [`Bearer ${OLD}`, "does not hold a single token"],
  ])("may not be %j: it %s, and is not shown", (text, reason) => {
    const check = () => checkToken(text, "--token");
    expect(check).toThrow(UsageError);
    expect(check).toThrow(`--token ${reason}`);
    expect(check).not.toThrow(OLD);
  });
});

withModes("a token's file", () => {
  test.each([
    [0o600, false],
    [0o400, false],
    [0o700, false],
    [0o604, true],
    [0o644, true],
    [0o622, false],
  ])("of mode %o is readable by others: %p", async (mode, readable) => {
    using folder = tmpFolder();
    const path = join(folder.path, "token");
    await writeFile(path, OLD);
    await chmod(path, mode);
    expect(await isReadableByOthers(path)).toBe(readable);
  });

  /** Whether one is that only its owner and this group may read; undefined is the group that files get here. */
  async function ofGroup(gid?: number): Promise<boolean> {
    using folder = tmpFolder();
    const path = join(folder.path, "token");
    await writeFile(path, OLD);
    // On some systems a new file gets the group of its folder.
    await chown(path, -1, gid ?? process.getgid?.() ?? -1);
    await chmod(path, 0o440);
    return await isReadableByOthers(path);
  }

  const { test: privately } = onlyWhere(
    process.getgid?.() === process.getuid?.(),
    "the user has no group of its own",
  );
  privately("is readable by no other where only the user's own group may", async () => {
    expect(await ofGroup()).toBe(false);
  });

  const { test: shared } = onlyWhere(
    process.getuid?.() === 0 || process.getgid?.() !== process.getuid?.(),
    "the user can give a file to no other group",
  );
  shared("is readable by others where another group may", async () => {
    expect(await ofGroup(process.getuid?.() === 0 ? 12_345 : undefined)).toBe(true);
  });
});
