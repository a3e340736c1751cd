/** The authorities that calls trust with --ca-file. */
import { expect, test } from "bun:test";
import { closeSync, constants, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { authorities, systemAuthorities } from "../../../src/commands/access/http-parts.ts";
import { Authority } from "../../harness/certificates.ts";
import { callOf, failureOf, httpFor } from "../../harness/client.ts";
import { onPosix } from "../../harness/platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";

const first = new Authority("First");
const second = new Authority("Second");

/** The authorities of a file with this text. */
async function listOf(text: string): Promise<string[]> {
  using folder = tmpFolder();
  const file = join(folder.path, "ca.pem");
  writeFileSync(file, text);
  return (await authorities(file)) ?? [];
}

test("without a file it is left to the system", async () => {
  expect(await authorities(undefined)).toBeUndefined();
});

test("those of the file stand beside the system's, and none twice", async () => {
  const list = await listOf(`# ours\n${first.cert}\n${second.cert}${first.cert}`);
  const own = [first.cert, second.cert].map((pem) => pem.trim());
  expect(list.slice(-2)).toEqual(own);
  expect(list.slice(0, -2)).toEqual(systemAuthorities());
  expect(new Set(list).size).toBe(list.length);
  expect(systemAuthorities().length).toBeGreaterThan(50);
});

test("lines that end as on Windows make no difference", async () => {
  expect(await listOf(first.cert.replaceAll("\n", "\r\n"))).toHaveLength(
    systemAuthorities().length + 1,
  );
});

test("a call trusts a server of the file's authority, and no other", async () => {
  using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: first.certify({ names: ["127.0.0.1"] }),
    fetch: () => Response.json({ fine: true }),
  });
  const call = (ca: string[]) =>
    httpFor(`https://127.0.0.1:${server.port}`, { ca }).call(callOf(), { fresh: true });
  expect((await call(await listOf(first.cert))).body).toEqual({ fine: true });
  const error = await failureOf(call(await listOf(second.cert)));
  expect(error.message).toContain("is not trusted");
});

const posix = onPosix("Windows has no pipes and devices among its files").test;

posix("a file that never ends is not read to its end", async () => {
  await expect(authorities("/dev/zero")).rejects.toThrow("/dev/zero is larger than 8 MiB");
});

posix("a pipe is read, and one that nobody writes to is not waited for without end", async () => {
  using folder = tmpFolder();
  // Two of them: who gave up on one may still read from it.
  const [idle, path] = [join(folder.path, "idle"), join(folder.path, "pipe")];
  expect(Bun.spawnSync(["mkfifo", idle, path]).success).toBe(true);
  const error = await authorities(idle, 50).catch((reason: unknown) => reason);
  // Lets go who still waits at it.
  closeSync(openSync(idle, constants.O_RDWR | constants.O_NONBLOCK));
  expect(String(error)).toContain(`${idle} had no end within 0.05 s`);
  const writer = Bun.spawn(["sh", "-c", 'printf "%s" "$1" > "$0"', path, first.cert]);
  expect(await authorities(path)).toContain(first.cert.trim());
  await writer.exited;
});
