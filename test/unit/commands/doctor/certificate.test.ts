/** Certificates, from real servers with those of a made-up authority. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authority, type Wanted } from "../../../harness/certificates.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { examined, platform, type Diagnosis } from "./lab.ts";

const authority = new Authority();
const HERE = ["127.0.0.1", "localhost"];
const DAY_MS = 24 * 3_600_000;

/** The doctor on a platform with such a certificate; the authority is trusted unless told otherwise. */
async function shown(wanted: Wanted, { trusted = true, env = {} } = {}): Promise<Diagnosis> {
  using folder = tmpFolder();
  const file = join(folder.path, "ca.pem");
  writeFileSync(file, `Made-up Authority\n${authority.cert}`);
  using ward = platform(undefined, authority.certify(wanted));
  return await examined(ward.url, { flags: trusted ? { "ca-file": file } : {}, env });
}

test("a certificate of an authority in --ca-file is trusted, by the calls too", async () => {
  const found = await shown({ names: HERE });
  expect(found.of("certificate")).toMatchObject({ status: "ok" });
  expect(found.of("certificate").detail).toMatch(/^trusted, until \d{4}-\d\d-\d\d$/);
  expect(found.of("reachable").status).toBe("ok");
  expect(found.code).toBe(0);
});

test("one of an authority that nobody named is not: exit 4, and the hint names --ca-file", async () => {
  const found = await shown({ names: HERE }, { trusted: false });
  expect(found.code).toBe(4);
  expect(found.of("certificate").detail).toContain("signed by Made-up Authority, is not trusted");
  expect(found.of("certificate").hint).toContain("--ca-file");
  expect(found.of("reachable").detail).toBe("the platform's certificate is not accepted");
});

test("one that has expired is named with its day", async () => {
  const [notBefore, notAfter] = [new Date("2020-01-01"), new Date("2020-02-01")];
  const found = await shown({ names: HERE, notBefore, notAfter });
  expect(found.code).toBe(4);
  expect(found.of("certificate").detail).toContain("was good until 2020-02-01");
});

test("one that is not good yet points at the clock", async () => {
  const notBefore = new Date(Date.now() + 2 * DAY_MS);
  const found = await shown({ names: HERE, notBefore });
  expect(found.code).toBe(4);
  expect(found.of("certificate").detail).toContain("is good from");
  expect(found.of("certificate").hint).toContain("clock");
});

test("one for another name says for which", async () => {
  const found = await shown({ names: ["other.example.com", "more.example.com"] });
  expect(found.code).toBe(4);
  expect(found.of("certificate").detail).toBe(
    "the certificate is for other.example.com, more.example.com, not for 127.0.0.1",
  );
});

test.each([
  [5, "warning"],
  [13, "warning"],
  [16, "ok"],
])("one that lasts %d more days is %s", async (days, status) => {
  const found = await shown({
    names: HERE,
    notAfter: new Date(Date.now() + days * DAY_MS + 60_000),
  });
  expect(found.of("certificate").status as string).toBe(status);
  if (status === "warning") expect(found.of("certificate").detail).toContain(`${days} days left`);
  expect(found.code).toBe(0);
});

test("NODE_TLS_REJECT_UNAUTHORIZED=0 is a warning, and what the certificate lacks is told", async () => {
  const found = await shown(
    { names: ["other.example.com"] },
    { env: { NODE_TLS_REJECT_UNAUTHORIZED: "0" } },
  );
  expect(found.of("certificate").status).toBe("warning");
  expect(found.of("certificate").detail).toContain("NODE_TLS_REJECT_UNAUTHORIZED=0");
  expect(found.of("certificate").detail).toContain("other.example.com");
});

describe("without TLS", () => {
  test("https to a server that speaks http: exit 2, and the hint says so", async () => {
    using ward = platform();
    const found = await examined(ward.url.replace("http:", "https:"));
    expect(found.code).toBe(2);
    expect(found.of("certificate").detail).toContain("does not speak TLS");
  });

  test("http is skipped with the reason", async () => {
    using ward = platform();
    const found = await examined(ward.url);
    expect(found.of("certificate")).toMatchObject({ status: "skipped" });
  });
});

describe("the file of authorities", () => {
  test.each([
    ["that is missing", undefined, "can't be read (ENOENT)"],
    ["without a certificate", "hello", "holds no certificate"],
    [
      "with a broken one",
      `${authority.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      "certificate 2 in the file of authorities",
    ],
  ])("%s is a failure, whatever the address", async (_, text, words) => {
    using folder = tmpFolder();
    const file = join(folder.path, "ca.pem");
    if (text !== undefined) writeFileSync(file, text);
    using ward = platform();
    const found = await examined(ward.url, { flags: { "ca-file": file } });
    expect(found.of("certificate").status).toBe("failed");
    expect(found.of("certificate").detail).toContain(words);
    expect(found.code).toBe(1);
  });
});
