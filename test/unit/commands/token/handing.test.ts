import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { runHere } from "../../../harness/command.ts";
import { tmpFolder } from "../../../harness/tmp.ts";

const ID = "11111111-1111-4111-8111-111111111111";

test.each([`"name":`, "a b c d e f", "short"])(
  "%j in the place of a new token is refused, and masks nothing",
  async (auth_token) => {
    using home = tmpFolder();
    const answer = { id: ID, name: "ada", external: true, connection: { auth_token } };
    await using server = Bun.serve({ port: 0, fetch: () => Response.json(answer) });
    const { code, out, err } = await runHere(
      [
        ...["workspace", "create", "ada", "-o", "json"],
        ...["--api-url", server.url.href, "--state-dir", home.path],
      ],
      { HOME: home.path, USERPROFILE: home.path, MOLECULE_API_TOKEN: "admin-token-0123456789" },
    );
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(JSON.parse(err).error.message).toContain("something else in the place of the token");
    expect(err).not.toContain("[secret]");
    expect([...readdirSync(home.path, { recursive: true })].join()).not.toContain(".token");
  },
);

test("a second token beside the one that counts is shown nowhere", async () => {
  using home = tmpFolder();
  const connection = { auth_token: "second-token-0123456789" };
  const answer = {
    id: ID,
    name: "ada",
    external: true,
    auth_token: "first-token-012345",
    connection,
  };
  await using server = Bun.serve({ port: 0, fetch: () => Response.json(answer) });
  const { code, out, err } = await runHere(
    [
      "workspace",
      "create",
      "ada",
      "-o",
      "json",
      "--api-url",
      server.url.href,
      "--state-dir",
      home.path,
    ],
    { HOME: home.path, USERPROFILE: home.path, MOLECULE_API_TOKEN: "admin-token-0123456789" },
  );
  expect({ code, err }).toMatchObject({ code: 0 });
  expect(JSON.parse(out).connection.auth_token).toBe("[secret]");
  expect(out + err).not.toMatch(/second-token|first-token/);
});
