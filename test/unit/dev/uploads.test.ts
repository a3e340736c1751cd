import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { MAX_UPLOAD_BYTES } from "../../../src/dev/uploads.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { lab, NOBODY, type Lab, type Member } from "./lab.ts";
import { lookUntil } from "../../harness/wait.ts";

const BOTH = ["r1", "r2"] as const;
const HOUR = 60 * 60_000;

type Content = string | Uint8Array<ArrayBuffer>;
type Body = Content | FormData | ReadableStream;

function formOf(...files: [name: string, content: Content, type?: string][]): FormData {
  const form = new FormData();
  for (const [name, content, type] of files) {
    form.append("files", new Blob([content], { type: type ?? "text/plain" }), name);
  }
  return form;
}

async function upload(
  at: Lab,
  { id, token }: Member,
  body: Body,
  headers: { [name: string]: string } = {},
): Promise<{ status: number; body: any }> {
  const response = await fetch(`${at.platform.url}/workspaces/${id}/chat/uploads`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, ...headers },
    body,
  });
  return { status: response.status, body: await response.json() };
}

/** Uploads one file; gives its id. */
async function uploaded(at: Lab, agent: Member, content: Content = "hello"): Promise<string> {
  const { body } = await upload(at, agent, formOf(["a.txt", content]));
  return body.files[0].uri.split("/")[1];
}

function content(at: Lab, { id, token }: Member, fileId: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` };
  return fetch(`${at.platform.url}/workspaces/${id}/pending-uploads/${fileId}/content`, {
    headers,
  });
}

function acknowledge(at: Lab, { id, token }: Member, fileId: string) {
  return at.post(`/workspaces/${id}/pending-uploads/${fileId}/ack`, { token });
}

describe("a file that is uploaded", () => {
  test.each(BOTH)("%s: is told to the agent by a row of its feed (2.3, 2.10)", async (revision) => {
    await using at = await lab({ revision });
    const agent = await at.member("agent");
    const { status, body } = await upload(at, agent, formOf(["ä.txt", "hello", "text/plain"]));
    const [row] = await at.feed(agent, "?type=a2a_receive");
    const { file_id } = row.request_body;
    const file = {
      uri: `platform-pending:${agent.id}/${file_id}`,
      name: "ä.txt",
      mimeType: "text/plain",
      size: 5,
    };
    expect([status, body]).toEqual([200, { files: [file] }]);
    expect(row).toMatchObject({ method: "chat_upload_receive", source_id: null, status: "ok" });
    expect(row.request_body).toEqual({ file_id, ...file });
    expect(Object.keys(row)).not.toContain("response_body");
  });

  test("is the same whoever uploads it: the agent, or the user with the admin token (T25)", async () => {
    await using at = await lab();
    const agent = await at.member("agent");
    await upload(at, agent, formOf(["a", "1"]));
    await upload(at, { id: agent.id, token: at.admin }, formOf(["b", "2"]));
    const rows = await at.feed(agent);
    expect(rows.map((row) => [row.source_id, row.request_body.name])).toEqual([
      [null, "b"],
      [null, "a"],
    ]);
  });

  test.each([
    ["r1", 1],
    ["r2", 3],
  ] as const)(
    "%s: of three in one request, a cursor at the first shows %i rows and the next (T21)",
    async (revision, shown) => {
      await using at = await lab({ revision });
      const agent = await at.member("agent");
      await upload(at, agent, formOf(["1", "a"], ["2", "b"], ["3", "c"]));
      at.clock.advance(1);
      await at.send("canvas", agent, "see my files");
      const rows = (await at.feed(agent)).reverse();
      expect(new Set(rows.slice(0, 3).map((row) => row.created_at)).size).toBe(1);
      expect(rows.slice(0, 3).map((row) => row.request_body.name)).toEqual(["1", "2", "3"]);
      expect(await at.feed(agent, `?since_id=${rows[0].id}`)).toHaveLength(shown);
    },
  );

  test("is seen with the others of its request, though they are late", async () => {
    const rolls = [0, 0.5];
    const lateCommits = { share: 0.5, maxMs: 1_000, random: () => rolls.shift() ?? 1 };
    await using at = await lab({ lateCommits });
    const agent = await at.member("agent");
    const before = at.clock.sleepers;
    const uploading = upload(at, agent, formOf(["1", "a"], ["2", "b"]));
    await lookUntil(() => at.clock.sleepers === before + 1);
    expect(await at.feed(agent)).toEqual([]);
    at.clock.advance(500);
    expect((await uploading).status).toBe(200);
    const rows = await at.feed(agent);
    expect(rows.map((row) => row.created_at)).toEqual([
      "2026-01-01T00:00:00Z",
      "2026-01-01T00:00:00Z",
    ]);
  });

  test("is given back byte by byte, with its type and name, however large", async () => {
    await using at = await lab();
    const agent = await at.member("agent");
    for (const size of [0, 1, 256 * 1024, 3_000_001]) {
      const bytes = Buffer.alloc(size, crypto.getRandomValues(new Uint8Array(997)));
      const { body } = await upload(at, agent, formOf(["ä b.png", bytes, "image/png"]));
      expect(body.files[0].size).toBe(size);
      const answer = await content(at, agent, body.files[0].uri.split("/")[1]);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe("image/png");
      expect(answer.headers.get("content-disposition")).toBe(
        "attachment; filename*=UTF-8''%C3%A4%20b.png",
      );
      expect(Buffer.from(await answer.bytes()).equals(bytes)).toBe(true);
    }
  });

  test.each([
    ["../../etc/passwd", "passwd"],
    ["C:\\temp\\a.txt", "a.txt"],
    ["..", "file"],
    [".env", "env"],
    ["a\u0000b\u202ec<d>.txt", "a_b_c_d_.txt"],
    [`${"n".repeat(150)}.txt`, "n".repeat(100)],
    ["😀".repeat(2), "__"],
  ])("of the name %j is called %j", async (name, clean) => {
    await using at = await lab();
    const { body } = await upload(at, await at.member("agent"), formOf([name, "x"]));
    expect(body.files[0].name).toBe(clean);
  });

  test("survives a restart, and goes with its workspace", async () => {
    using folder = tmpFolder();
    const db = join(folder.path, "dev.db");
    let agent: Member, fileId: string;
    {
      await using at = await lab({ db });
      agent = await at.member("agent");
      fileId = await uploaded(at, agent);
    }
    {
      await using at = await lab({ db });
      expect(await (await content(at, agent, fileId)).text()).toBe("hello");
      const headers = { "x-confirm-name": "agent" };
      const path = `/workspaces/${agent.id}?purge=true`;
      await at.ask("DELETE", path, { token: at.admin, headers });
    }
    expect(leftIn(db)).toEqual({ uploads: 0, pieces: 0 });
  });
});

describe("a file that waits", () => {
  test.each([
    ["r1", 404],
    ["r2", 200],
  ] as const)("%s: is a %i once it is acknowledged", async (revision, status) => {
    await using at = await lab({ revision });
    const agent = await at.member("agent");
    const fileId = await uploaded(at, agent);
    // Fetching alone changes nothing.
    for (const _ of [1, 2]) expect((await content(at, agent, fileId)).status).toBe(200);
    const first = await acknowledge(at, agent, fileId);
    expect([first.status, first.body]).toEqual([200, { acked: true }]);
    expect((await content(at, agent, fileId)).status).toBe(status);
    const again = await acknowledge(at, agent, fileId);
    expect([again.status, again.body]).toEqual([200, { acked: true, raced: true }]);
  });

  test("is kept for a day, and for an hour when it is acknowledged; then its bytes are gone", async () => {
    using folder = tmpFolder();
    const db = join(folder.path, "dev.db");
    await using at = await lab({ db, sweepEveryMs: 1_000 });
    const agent = await at.member("agent");
    const [read, unread] = [await uploaded(at, agent), await uploaded(at, agent)];
    await acknowledge(at, agent, read);
    const after = async (ms: number) => {
      await lookUntil(() => at.clock.sleepers === 1);
      at.clock.advance(ms);
      await lookUntil(() => at.clock.sleepers === 1);
      return [(await content(at, agent, read)).status, (await content(at, agent, unread)).status];
    };
    expect(await after(HOUR)).toEqual([200, 200]);
    expect(await after(1_000)).toEqual([404, 200]);
    expect(leftIn(db)).toEqual({ uploads: 1, pieces: 1 });
    expect(await after(23 * HOUR - 1_000)).toEqual([404, 200]);
    expect(await after(1_000)).toEqual([404, 404]);
    expect((await acknowledge(at, agent, unread)).status).toBe(404);
    expect(leftIn(db)).toEqual({ uploads: 0, pieces: 0 });
  });

  test("is not shown beyond its time, though no sweep was there yet", async () => {
    await using at = await lab({ revision: "r2", sweepEveryMs: 100 * HOUR });
    const agent = await at.member("agent");
    const [read, unread] = [await uploaded(at, agent), await uploaded(at, agent)];
    await acknowledge(at, agent, read);
    at.clock.advance(HOUR + 1);
    expect((await content(at, agent, read)).status).toBe(404);
    expect((await content(at, agent, unread)).status).toBe(200);
    at.clock.advance(23 * HOUR);
    expect((await content(at, agent, unread)).status).toBe(404);
  });

  test("is nobody else's, and an unknown one is a 404", async () => {
    await using at = await lab();
    const agent = await at.member("agent");
    const ada = await at.member("ada");
    const fileId = await uploaded(at, agent);
    expect((await content(at, { ...agent, token: ada.token }, fileId)).status).toBe(401);
    expect((await content(at, ada, fileId)).status).toBe(404);
    expect((await acknowledge(at, ada, fileId)).status).toBe(404);
    expect((await content(at, agent, NOBODY)).status).toBe(404);
    expect((await content(at, agent, "no-uuid")).status).toBe(404);
    expect((await content(at, { ...agent, token: at.admin }, fileId)).status).toBe(200);
  });
});

describe("an upload is refused", () => {
  const multipart = { "content-type": "multipart/form-data; boundary=B" };

  test.each<[string, Body, { [name: string]: string }, number, string]>([
    ["that is JSON", "{}", { "content-type": "application/json" }, 400, "send multipart/form-data"],
    ["without a boundary", "x", { "content-type": "multipart/form-data" }, 400, "send multipart"],
    ["without a part", "--B--\r\n", multipart, 400, "there is no file"],
    ["without a body", "", multipart, 400, "invalid multipart body: it ends early"],
    [
      "with a file in another field",
      '--B\r\ncontent-disposition: form-data; name="x"; filename="a"\r\n\r\nhi\r\n--B--\r\n',
      multipart,
      400,
      "there is no file",
    ],
    [
      "with text in place of a file",
      '--B\r\ncontent-disposition: form-data; name="files"\r\n\r\nhi\r\n--B--\r\n',
      multipart,
      400,
      "there is no file",
    ],
    [
      "that ends in a file",
      '--B\r\ncontent-disposition: form-data; name="files"; filename="a"\r\n\r\nhi',
      multipart,
      400,
      "invalid multipart body: it ends early",
    ],
  ])("%s", async (_, body, headers, status, words) => {
    using folder = tmpFolder();
    const db = join(folder.path, "dev.db");
    await using at = await lab({ db });
    const agent = await at.member("agent");
    const answer = await upload(at, agent, body, headers);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toStartWith(words);
    expect(await at.feed(agent)).toEqual([]);
    expect(leftIn(db)).toEqual({ uploads: 0, pieces: 0 });
  });

  test("of more than 64 parts, and leaves none of them", async () => {
    using folder = tmpFolder();
    const db = join(folder.path, "dev.db");
    await using at = await lab({ db });
    const agent = await at.member("agent");
    const files = (count: number) =>
      formOf(...Array.from({ length: count }, (_, n): [string, string] => [`f${n}`, "x"]));
    expect((await upload(at, agent, files(65))).status).toBe(400);
    expect(await at.feed(agent)).toEqual([]);
    expect(leftIn(db)).toEqual({ uploads: 0, pieces: 0 });
    expect((await upload(at, agent, files(64))).status).toBe(200);
    expect(await at.feed(agent)).toHaveLength(64);
  });

  test("of more than 100 MiB, which nobody has to hold", async () => {
    using folder = tmpFolder();
    const db = join(folder.path, "dev.db");
    await using at = await lab({ db });
    const agent = await at.member("agent");
    const answer = await upload(at, agent, new Uint8Array(MAX_UPLOAD_BYTES + 1), multipart);
    expect(answer.status).toBe(413);
    expect(answer.body).toEqual({
      error: "request body too large",
      truncated: true,
      max_bytes: 100 * 1024 * 1024,
    });
    expect(leftIn(db)).toEqual({ uploads: 0, pieces: 0 });
  });

  test("that breaks off, and nothing of it is left", async () => {
    using folder = tmpFolder();
    const db = join(folder.path, "dev.db");
    const errors: unknown[] = [];
    await using at = await lab({ db, onError: (error) => errors.push(error) });
    const agent = await at.member("agent");
    const begun = Promise.withResolvers<ReadableStreamDefaultController>();
    const body = new ReadableStream({ start: (controller) => begun.resolve(controller) });
    const ended = upload(at, agent, body, multipart).catch(() => "broken off");
    const controller = await begun.promise;
    const disposition = 'content-disposition: form-data; name="files"; filename="a"';
    controller.enqueue(Buffer.from(`--B\r\n${disposition}\r\n\r\n`));
    controller.enqueue(new Uint8Array(600_000));
    await lookUntil(() => leftIn(db).pieces > 0);
    controller.error(new Error("gone"));
    expect(await ended).toBe("broken off");
    await lookUntil(() => leftIn(db).uploads === 0);
    expect(leftIn(db).pieces).toBe(0);
    expect(await at.feed(agent)).toEqual([]);
    expect(errors).toEqual([]);
  });

  test("with a wrong token, to nobody, and to who was removed", async () => {
    await using at = await lab();
    const agent = await at.member("agent");
    const ada = await at.member("ada");
    const form = () => formOf(["a", "x"]);
    expect((await upload(at, { ...agent, token: ada.token }, form())).status).toBe(401);
    expect((await upload(at, { id: NOBODY, token: at.admin }, form())).status).toBe(404);
    await at.remove(agent, "agent");
    expect((await upload(at, agent, form())).status).toBe(401);
    expect((await upload(at, { ...agent, token: at.admin }, form())).status).toBe(404);
  });

  test("to an agent in push mode, which would have to take it itself", async () => {
    await using at = await lab();
    const agent = await at.member("agent", { delivery_mode: "push" });
    const { status, body } = await upload(at, agent, formOf(["a", "x"]));
    expect(status).toBe(503);
    expect(body).toEqual({ error: expect.any(String), hint: expect.stringContaining("ingest") });
  });
});

test("the limits are shown to anyone (1.9)", async () => {
  await using at = await lab();
  const { status, body } = await at.get("/uploads/limits");
  expect([status, body]).toEqual([
    200,
    {
      per_file_bytes: 104_857_600,
      per_request_bytes: 104_857_600,
      max_attachments_per_message: 10,
    },
  ]);
});

function leftIn(db: string): { uploads: number; pieces: number } {
  using sqlite = new Database(db, { readonly: true });
  const count = (table: string) =>
    sqlite.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0;
  return { uploads: count("uploads"), pieces: count("upload_pieces") };
}
