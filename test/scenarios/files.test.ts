/** Files to and from the canvas user, with the embedded platform at the other end. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { ECHO_MS } from "../../src/bridge/delivery/notices.ts";
import { PlatformError } from "../../src/platform/platform.ts";
import { systemClock, type Clock } from "../../src/shared/clock.ts";
import { backendOf, changed, TestBridge } from "../harness/bridge.ts";
import { WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { CARD, lab, type Lab } from "../unit/dev/lab.ts";

const REVISIONS = ["r1", "r2"] as const;

/** A notice that may have been posted stands in the feed at once here. */
const hasty: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms === ECHO_MS ? 0 : ms, signal),
};

/** A platform with our workspace on it; gives its token. */
async function town(revision: (typeof REVISIONS)[number]) {
  const at = await lab({ revision, clock: systemClock });
  const body = { id: WORKSPACE, agent_card: CARD, delivery_mode: "poll" };
  const token: string = (await at.post("/registry/register", { body })).body.auth_token;
  return Object.assign(at, { token });
}

/** The user uploads files; gives their parts for a message. */
async function upload(at: Lab & { token: string }, files: Record<string, string>) {
  const form = new FormData();
  for (const [name, text] of Object.entries(files)) form.append("files", new Blob([text]), name);
  const response = await fetch(`${at.platform.url}/workspaces/${WORKSPACE}/chat/uploads`, {
    method: "POST",
    headers: { authorization: `Bearer ${at.admin}` },
    body: form,
  });
  const answer: any = await response.json();
  return answer.files.map((file: object) => ({ kind: "file", file }));
}

/** The user writes to the agent. */
async function say(at: Lab, parts: object[]): Promise<void> {
  const message = { role: "user", messageId: crypto.randomUUID(), parts };
  const body = { jsonrpc: "2.0", id: "1", method: "message/send", params: { message } };
  const sent = await at.post(`/workspaces/${WORKSPACE}/a2a`, { token: at.admin, body });
  expect(sent.status).toBe(200);
}

const rowsOf = async (at: Lab & { token: string }) =>
  (await at.feed({ id: WORKSPACE, token: at.token }, "?limit=100")).reverse();

/** What the user can read of a file. */
async function contentOf(at: Lab & { token: string }, uri: string): Promise<string | number> {
  const id = uri.split("/")[1];
  const response = await fetch(
    `${at.platform.url}/workspaces/${WORKSPACE}/pending-uploads/${id}/content`,
    { headers: { authorization: `Bearer ${at.token}` } },
  );
  return response.ok ? response.text() : response.status;
}

/** Answers with the files that it was given, in capitals. */
const shouter = () =>
  backendOf(
    async ({ files, answerFolder }) => {
      for (const { path = "" } of files) {
        const text = readFileSync(path, "utf8").toUpperCase();
        await writeFile(join(answerFolder ?? "", `loud-${basename(path)}`), text);
      }
      return { kind: "answer", text: `${files.length} files` };
    },
    { readsFiles: true, leavesFiles: true },
  );

test.each(REVISIONS)("%s: files come with a message and go with its answer", async (revision) => {
  await using at = await town(revision);
  using folder = tmpFolder();
  const parts = await upload(at, { "a.txt": "hello", "b.txt": "world" });
  await say(at, [{ kind: "text", text: "shout" }, ...parts]);
  const backend = shouter();
  const setup = { token: at.token, stateDir: folder.path, backend, options: { once: true } };
  await using bridge = new TestBridge(at.platform.url, setup);
  expect(await bridge.ended).toBeUndefined();
  // The rows of uploads, the user's and our own, are no messages.
  expect(backend.requests.map(({ text }) => text)).toEqual(["shout"]);
  const rows = await rowsOf(at);
  expect(rows.map(({ method }) => method)).toEqual([
    "chat_upload_receive",
    "chat_upload_receive",
    "message/send",
    "chat_upload_receive",
    "chat_upload_receive",
    "notify",
  ]);
  const files = rows.at(-1).response_body.parts.filter((part: any) => part.kind === "file");
  expect(files.map(({ file }: any) => file.name)).toEqual(["loud-a.txt", "loud-b.txt"]);
  const contents = await Promise.all(files.map(({ file }: any) => contentOf(at, file.uri)));
  expect(contents).toEqual(["HELLO", "WORLD"]);
  // The user's are acknowledged, and ours are still his to read (T25).
  const gone = revision === "r1" ? 404 : "hello";
  expect(await contentOf(at, parts[0].file.uri)).toBe(gone);
  expect(existsSync(join(folder.path, `${WORKSPACE}.files`, rows[2].id))).toBe(false);
});

test("a file of ours that the user sends back is read, and stays his", async () => {
  await using at = await town("r1");
  using folder = tmpFolder();
  await say(at, [{ kind: "text", text: "first" }, ...(await upload(at, { "a.txt": "hello" }))]);
  const setup = { token: at.token, stateDir: folder.path, options: { once: true } };
  {
    await using bridge = new TestBridge(at.platform.url, { ...setup, backend: shouter() });
    expect(await bridge.ended).toBeUndefined();
  }
  const notice = (await rowsOf(at)).at(-1);
  const ours = notice.response_body.parts.find((part: any) => part.kind === "file");
  await say(at, [{ kind: "text", text: "again" }, ours]);
  const backend = shouter();
  await using bridge = new TestBridge(at.platform.url, { ...setup, backend });
  expect(await bridge.ended).toBeUndefined();
  expect(backend.requests).toMatchObject([{ text: "again", files: [{ name: "loud-a.txt" }] }]);
  expect(await contentOf(at, ours.file.uri)).toBe("HELLO");
});

test("a notice with files whose answer was lost is found in the feed by the next start", async () => {
  await using at = await town("r2");
  using folder = tmpFolder();
  await say(at, await upload(at, { "a.txt": "hello" }));
  const backend = shouter();
  const setup = { token: at.token, stateDir: folder.path, backend, clock: hasty };
  {
    await using bridge = new TestBridge(at.platform.url, {
      ...setup,
      platform: (client) =>
        changed(client, {
          notify: async (text, options) => {
            await client.notify(text, options);
            throw new PlatformError("lost", { verdict: "transient", unknownOutcome: true });
          },
          // And nobody can look.
          activity: async (query, options) => {
            if (query.source === "canvas") {
              throw new PlatformError("lost", { verdict: "transient" });
            }
            return client.activity(query, options);
          },
        }),
    });
    await bridge.until("reply-retry");
    expect(await bridge.stop()).toBeUndefined();
  }
  await using bridge = new TestBridge(at.platform.url, { ...setup, options: { once: true } });
  expect(await bridge.ended).toBeUndefined();
  const notes = (await rowsOf(at)).filter(({ method }) => method === "notify");
  expect(notes).toHaveLength(1);
  expect(backend.requests).toHaveLength(1);
  expect((await rowsOf(at)).filter(({ method }) => method === "chat_upload_receive")).toHaveLength(
    2,
  );
});
