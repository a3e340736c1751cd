/** What `molecule dev` prints when it is ready. */
import { describe, expect, test } from "bun:test";
import type { Context } from "../../../../src/cli/command.ts";
import { maskedIo } from "../../../../src/cli/output.ts";
import { announce, type Ready } from "../../../../src/commands/dev/announce.ts";
import { GLOBALS } from "../../../../src/commands/globals.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";

const TOKEN = "the-token-of-the-page";
const OTHER = "another-secret-word";

const READY: Ready = {
  url: "http://127.0.0.1:8080",
  port: 8080,
  tenantOrg: undefined,
  stateDir: undefined,
  pageUrl: `http://127.0.0.1:8080/#token=${TOKEN}`,
  pageToken: TOKEN,
  workspaces: ["agent", "ada", "ben"].map((name) => ({
    id: `id-of-${name}`,
    name,
    tokenFile: `/files/${name}.token`,
  })),
  adminTokenFile: `/files/${OTHER}/admin.token`,
  isKept: true,
  backend: undefined,
};

async function said(output: string, more: Partial<Ready> = {}): Promise<string> {
  let out = "";
  const secrets = new Secrets();
  for (const secret of [TOKEN, OTHER]) secrets.add(secret);
  const io = maskedIo({ secrets, out: async (text) => void (out += text), err: () => {} });
  const get = (flag: unknown) => (flag === GLOBALS.output ? output : undefined);
  await announce({ ...READY, ...more }, { io, env: {}, get } as unknown as Context);
  return out;
}

describe("for people", () => {
  test("it leads with the page, whose link alone tells its token", async () => {
    const text = await said("table");
    const [ready, , , link] = text.split("\n");
    expect(ready).toBe("The platform is ready at http://127.0.0.1:8080");
    expect(link).toBe(`  ${READY.pageUrl}`);
    expect(text.split(TOKEN)).toHaveLength(2);
    expect(text).not.toContain(OTHER);
  });

  test("it tells how to connect, where nothing is connected", async () => {
    expect(await said("table")).toContain(
      "\n  molecule connect id-of-agent --token-file /files/agent.token --backend exec --backend-opt cmd='tr a-z A-Z'\n",
    );
    const backed = await said("table", { backend: "openai" });
    expect(backed).not.toContain("molecule connect");
    expect(backed).toContain("The openai backend answers as its agent");
    expect(backed).toContain("molecule agent send id-of-agent 'hello there' --as id-of-ada");
  });

  test("it names what a command would not find by itself", async () => {
    const more = { port: 1234, url: "http://127.0.0.1:1234", stateDir: "/a b", tenantOrg: "acme" };
    const lines = (await said("table", more)).split("\n").filter((line) => /^ {2}mol/.test(line));
    expect(lines[0]).toContain(
      " --api-url http://127.0.0.1:1234 --org-id acme --token-file /files/agent.token --state-dir '/a b' ",
    );
    expect(lines.slice(1).join("\n")).not.toContain("--state-dir");
  });
});

test.each(["json", "yaml"])("as %s it has the link, and no other secret", async (output) => {
  const text = await said(output);
  const data: any = output === "json" ? JSON.parse(text) : Bun.YAML.parse(text);
  expect(data).toMatchObject({ url: READY.url, page_url: READY.pageUrl });
  expect(data.workspaces).toHaveLength(3);
  expect(text).not.toContain(OTHER);
  if (output === "json") expect(text.trimEnd()).not.toContain("\n");
});
