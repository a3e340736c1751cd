/** What may not stand in a service's file. */
import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isSecretName, looksSecret } from "../../../../src/commands/service/exposed.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";
import { onPosix } from "../../../harness/platform.ts";
import { ID, Lab, OTHER, Systemd } from "./lab.ts";

const { test: posix } = onPosix("paths of POSIX");

test.each([
  "header.Authorization=Bearer SUPERSECRET99",
  "header.Cookie=sid=SUPERSECRET99",
  "header.X-Api-Key=SUPERSECRET99",
  "header.X-Whatever=SUPERSECRET99",
  "api_key=SUPERSECRET99",
  "base_url=http://u:SUPERSECRET99@x/",
  "http://SUPERSECRET99@x/",
  "postgres://u:SUPER/SECRET99@h",
  "u:SUPERSECRET99@proxy:3128",
  "https://x/v1?api-key=SUPERSECRET99",
  "url=https://x/hook?a=b&sig=SUPERSECRET99",
  "cmd=MY_API_KEY=SUPERSECRET99 agent",
  "cmd=agent --token=SUPERSECRET99",
  "cmd=agent --api-key 'SUPERSECRET99'",
  "cmd=curl -H 'Authorization: Bearer SUPERSECRET99' https://x",
  "it is a-known-secret, somewhere",
])("%j looks like a secret", (text) => {
  const secrets = new Secrets();
  secrets.add("a-known-secret");
  expect(looksSecret(text, secrets)).toBe(true);
});

test.each([
  "header.Authorization=env:MY_TOKEN",
  "api_key=env:MODEL_KEY",
  "max_tokens=4096",
  "model=claude-sonnet",
  "base_url=http://[::1]:8080/v1",
  "https://registry.example.com:8443/@scope/package",
  "https://a.example.com/?page=2",
  "cmd=agent --max-tokens 4096 --model m",
  "cmd=agent --token $MY_TOKEN",
  "cmd=MY_API_KEY=${OTHER_KEY} agent",
  "cmd=./a b",
  "system=You are a bearer of good news and of basic arithmetic; never tell a password.",
  "/etc/molecule/%i.token",
  "/opt/bin:/usr/bin",
  "localhost,127.0.0.1,.example.com",
  "http://proxy:3128",
  "git@example.com:a/b.git",
])("%j does not", (text) => {
  expect(looksSecret(text, new Secrets())).toBe(false);
});

test("variables are known by their names, too", () => {
  expect(["GITHUB_TOKEN", "DB_PASSWORD", "MOL_API_TOKEN_FILE"].every(isSecretName)).toBe(true);
  expect(["SSH_AUTH_SOCK", "LANG", "KEYBOARD"].some(isSecretName)).toBe(false);
});

/** A config file of the user's alone. */
function keepConfig(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
  chmodSync(path, 0o600);
}

const openai = (more: string) =>
  `backend: openai\nbackend_opt: { base_url: "http://127.0.0.1:1/v1", model: m, ${more} }\n`;

posix.each([
  ["backend_opt", openai("header.Authorization: Bearer SUPERSECRET99"), "header.Authorization"],
  ["an address", "public_url: http://u:SUPERSECRET99@x/\n", "--public-url"],
])(
  "%s of the user's own file is not copied into a service of the system",
  async (_, text, name) => {
    using lab = new Lab(new Systemd().program, { folder: "/srv" });
    keepConfig(lab.at("home", ".config", "molecule.yaml"), text);
    const words = [ID, "--token-file", lab.tokenFile];
    for (const verb of ["print", "install"]) {
      const { code, out, err } = await lab.run([verb, ...words, "--system"]);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(err).toContain(name);
      expect(err).toContain("molecule.yaml:");
      expect(err).toContain("--config");
      expect(err).toContain("--env-file");
      expect(err).not.toContain("SUPERSECRET99");
    }
    expect(existsSync(lab.at("units"))).toBe(false);
    // A service of the user reads the file by itself.
    const { code, out, err } = await lab.run(["print", ...words]);
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(out).not.toContain("SUPERSECRET99");
  },
);

posix("a secret in a file that --config names stays there", async () => {
  using lab = new Lab(() => ({ code: 1 }), { folder: "/srv" });
  const file = lab.at("own.yaml");
  keepConfig(file, openai("header.Authorization: Bearer SUPERSECRET99"));
  const words = ["print", ID, "--token-file", lab.tokenFile, "--config", file];
  for (const more of [[], ["--system"]]) {
    const { code, out, err } = await lab.run([...words, ...more]);
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(out).toContain(`--config ${file}`);
    expect(out).not.toContain("SUPERSECRET99");
  }
  keepConfig(
    file,
    `${openai("header.X-Key: SUPERSECRET99")}workspaces:\n  - id: ${OTHER}\n    token_file: ./token\n`,
  );
  const { code, out } = await lab.run(["print", "--config", file, "--system"]);
  expect(code).toBe(0);
  expect(out).not.toContain("SUPERSECRET99");
});

posix.each([
  ["--backend-opt header.Authorization", ["--backend-opt", "header.Authorization=SUPERSECRET99"]],
  ["--backend-opt base_url", ["--backend-opt", "base_url=http://u:SUPERSECRET99@x/v1"]],
  ["--public-url", ["--public-url", "https://u:SUPERSECRET99@x"]],
])("%s on the command line is refused, and never shown", async (name, given) => {
  using lab = new Lab(() => ({ code: 1 }));
  const base = ["--backend", "openai", "--backend-opt", "model=m"];
  for (const manager of ["systemd", "launchd", "windows"]) {
    const words = ["print", ID, "--token-file", lab.tokenFile, "--manager", manager, "--"];
    const { code, out, err } = await lab.run([...words, ...base, ...given]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(`${name} holds what looks like a secret`);
    expect(err).toContain("your own config file");
    expect(err.includes("--env-file")).toBe(manager === "systemd");
    expect(err).not.toContain("SUPERSECRET99");
  }
});

posix.each([
  "DATABASE_URL=postgres://u:SUPERSECRET99@h",
  "MY_PASSWORD=SUPERSECRET99",
  "HOOK=https://x/?key=SUPERSECRET99",
])("--env %s is refused, and never shown", async (pair) => {
  using lab = new Lab(() => ({ code: 1 }));
  const words = ["print", ID, "--token-file", lab.tokenFile, "--env", pair];
  const { code, out, err } = await lab.run(words);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain(`--env ${pair.split("=")[0]} would put a secret`);
  expect(err).toContain("--env-file");
  expect(err).not.toContain("SUPERSECRET99");
});
