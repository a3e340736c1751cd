import { expect, test } from "bun:test";
import { ROUTES } from "../../../src/dev/routes.ts";
import { lab } from "./lab.ts";

/** A path of the route with every `:name` filled in. */
const pathOf = (segments: readonly string[], id: string) =>
  `/${segments.map((s) => (s === ":id" ? id : s === ":tokenId" ? "t" : s)).join("/")}`;

const guarded = (["r1", "r2"] as const).flatMap((revision) =>
  ROUTES[revision]
    .filter(({ auth }) => auth !== "open")
    .map(({ auth, method, segments }) => [revision, auth, method, segments] as const),
);

test.each(guarded)("%s: %s guards %s %j", async (revision, auth, method, segments) => {
  await using at = await lab({ revision });
  const own = await at.member("own");
  const other = await at.member("other");
  const removed = await at.member("removed");
  const path = pathOf(segments, own.id);
  const attempt = async (token: string | undefined, to = path) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const body = method === "GET" ? {} : { body: "{}" };
    const answer = await fetch(at.platform.url + to, { method, headers, ...body });
    if (answer.status === 401) return ((await answer.json()) as { error: string }).error;
    // One of them is a stream without an end.
    await answer.body?.cancel();
    return "in";
  };
  const kind = auth === "admin" ? "admin" : "workspace";
  const invalid = `invalid ${kind} auth token`;
  expect(await attempt(undefined)).toBe(`missing ${kind} auth token`);
  expect(await attempt("wrong")).toBe(invalid);
  expect(await attempt(other.token)).toBe(invalid);
  expect(await attempt(own.token)).toBe(auth === "admin" ? invalid : "in");
  await at.remove(removed, "removed");
  expect(await attempt(removed.token, pathOf(segments, removed.id))).toBe(invalid);
  // Of the organisation, so that it is the same as the admin token but for its form (1.4).
  const organisation = await at.orgToken();
  if (method !== "DELETE") {
    expect(await attempt(organisation)).toBe(auth === "agent" ? invalid : "in");
  }
  // Last, as it may remove the workspace.
  expect(await attempt(at.admin)).toBe(auth === "agent" ? invalid : "in");
});

test.each(["Basic", "Bearer", "Bearer a b", "Token x"])("%j is no bearer token", async (value) => {
  await using at = await lab();
  const answer = await at.get("/workspaces", { headers: { authorization: value } });
  expect([answer.status, answer.body.error]).toEqual([401, "missing admin auth token"]);
});
