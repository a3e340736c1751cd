import { expect, test } from "bun:test";
import { CARD, lab, type Ask } from "./lab.ts";

const BOTH = ["r1", "r2"] as const;
const ORG = "org-1";
const as = (id: string): Ask => ({ headers: { "x-molecule-org-id": id } });

test.each(BOTH)("%s: a tenant answers only to its organisation (1.6)", async (revision) => {
  await using at = await lab({ revision, tenantOrg: ORG });
  const token = at.admin;
  const created = await at.post("/workspaces", { ...as(ORG), token, body: { name: "otter" } });
  expect(created.status).toBe(201);
  const wrong = await at.get("/workspaces", { ...as("org-2"), token });
  expect([wrong.status, wrong.body]).toEqual([404, ""]);
  for (const ask of [{}, as("")]) {
    const missing = await at.get("/workspaces", { ...ask, token });
    expect([missing.status, missing.body]).toEqual(
      revision === "r1"
        ? [404, ""]
        : [
            400,
            {
              error: expect.any(String),
              code: "TENANT_ORG_HEADER_REQUIRED",
              required_header: "X-Molecule-Org-Id",
              detail: expect.any(String),
            },
          ],
    );
  }
});

test.each(BOTH)(
  "%s: hence an agent that seems online and can do nothing (T8)",
  async (revision) => {
    await using at = await lab({ revision, tenantOrg: ORG });
    const answer = await at.post("/workspaces", {
      ...as(ORG),
      token: at.admin,
      body: { name: "otter" },
    });
    const { id, connection } = answer.body;
    const token = connection.auth_token;
    const statuses = [
      await at.get("/health"),
      await at.get("/buildinfo"),
      await at.post("/registry/register", {
        token,
        body: { id, agent_card: CARD, delivery_mode: "poll" },
      }),
      await at.post("/registry/heartbeat", { token, body: { workspace_id: id } }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 200, 200]);
    for (const path of [
      `/workspaces/${id}`,
      `/workspaces/${id}/activity`,
      `/registry/${id}/peers`,
      "/health/",
      "/unknown",
    ]) {
      expect((await at.get(path, { token })).status).toBe(revision === "r1" ? 404 : 400);
    }
    expect((await at.get(`/workspaces/${id}/activity`, { ...as(ORG), token })).status).toBe(200);
  },
);
