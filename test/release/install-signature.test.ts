/** The signature of a release, where scripts/install.sh finds a cosign: a made-up one that tells what it is asked. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Lab } from "./install-lab.ts";
import { type Files, program, release, ReleaseServer, RELEASES } from "./install-release.ts";
import { REPOSITORY } from "../../src/project.ts";

const SIGNED: Files = { ...release(), "checksums.txt.sigstore.json": "{}" };

/** A cosign with that exit code; its help tells of the option where it is an older one. */
function withCosign(lab: Lab, code: number, help = ""): () => string[] {
  const log = join(lab.home, "asked");
  lab.fake(
    "cosign",
    `case $* in *--help) echo '${help}'; exit 0;; esac
printf '%s\\n' "$@" >>'${log}'
for last; do :; done
cat "$last" >/dev/null || exit 9
echo 'words of cosign' >&2
exit ${code}`,
  );
  return () => (existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : []);
}

describe.skipIf(process.platform === "win32")("install.sh with cosign", () => {
  test("installs what it accepts, and asks for exactly this version's signature", async () => {
    using lab = new Lab();
    using server = new ReleaseServer(
      { "checksums.txt": SIGNED["checksums.txt"]! },
      `${RELEASES}/latest/download`,
    );
    server.offer(SIGNED, `${RELEASES}/download/v9.9.9`);
    const asked = withCosign(lab, 0);
    const { code, stderr } = await lab.install({ env: { MOLECULE_GITHUB_URL: server.url } });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain("Checked: its sha256 sum and its signature.");
    expect(asked()).toEqual([
      "verify-blob",
      "--bundle",
      expect.stringMatching(/\/checksums\.txt\.sigstore\.json$/),
      "--certificate-identity",
      `${REPOSITORY}/.github/workflows/release.yml@refs/tags/v9.9.9`,
      "--certificate-oidc-issuer",
      "https://token.actions.githubusercontent.com",
      expect.stringMatching(/\/checksums\.txt$/),
    ]);
  });

  test("tells an older one which form the bundle has", async () => {
    using lab = new Lab();
    lab.publish(SIGNED);
    const asked = withCosign(lab, 0, "  --new-bundle-format  expect it");
    const { code } = await lab.install({ env: { MOLECULE_BASE_URL: lab.release } });
    expect(code).toBe(0);
    expect(asked()).toContain("--new-bundle-format");
  });

  test("installs nothing that it refuses, and fetches no more", async () => {
    using lab = new Lab();
    using server = new ReleaseServer(SIGNED);
    withCosign(lab, 1);
    const { code, stderr } = await lab.install({ env: { MOLECULE_BASE_URL: server.url } });
    expect(code).toBe(1);
    expect(stderr).toContain("words of cosign");
    expect(stderr).toContain("cosign does not accept the signature");
    expect(server.names).toEqual(["checksums.txt", "checksums.txt.sigstore.json"]);
    expect(lab.installed).toBeUndefined();
  });

  test("a release without a signature is refused, and it says how to go without", async () => {
    using lab = new Lab();
    const { "checksums.txt.sigstore.json": _, ...unsigned } = SIGNED;
    using server = new ReleaseServer(unsigned);
    const asked = withCosign(lab, 0);
    const env = { MOLECULE_BASE_URL: server.url };
    const { code, stderr } = await lab.install({ env });
    expect(code).toBe(1);
    expect(stderr).toContain("MOLECULE_VERIFY_SIGNATURE=0");
    expect(lab.installed).toBeUndefined();

    const without = await lab.install({ env: { ...env, MOLECULE_VERIFY_SIGNATURE: "0" } });
    expect(without.code).toBe(0);
    expect(without.stderr).toContain("no signature");
    expect(asked()).toEqual([]);
    expect(lab.installed).toBe(program());
  });

  test("without cosign only who insists on a signature is refused", async () => {
    using lab = new Lab();
    lab.publish(SIGNED);
    const env = { MOLECULE_BASE_URL: lab.release };
    const insisting = await lab.install({ env: { ...env, MOLECULE_VERIFY_SIGNATURE: "1" } });
    expect(insisting.code).toBe(1);
    expect(insisting.stderr).toContain("cosign is not on the PATH");
    const { code, stderr } = await lab.install({ env });
    expect(code).toBe(0);
    expect(stderr).toContain("its signature, too, where cosign is on the PATH");
  });
});
