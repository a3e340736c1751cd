/** Files from the canvas user to a command, and from the command to the user, with the real binary. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Dev, stateDir } from "../harness/connect.ts";
import { Gate } from "../harness/gate.ts";
import { program } from "../harness/program.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { lookUntil } from "../harness/wait.ts";
import { onPosix } from "../harness/platform.ts";

const inShell = onPosix("its command is for sh").test;

setDefaultTimeout(60_000);

/** Reads the message's files by their paths, and leaves all of them as one in the answer's folder. */
const JOIN = `
const message = JSON.parse(await Bun.stdin.text());
const texts = await Promise.all(message.files.map(({ path }) => Bun.file(path).text()));
await Bun.write(message.answer_folder + "/joined.txt", texts.join("+"));
console.log(message.text + ": " + message.files.map(({ name }) => name).join(", "));
`;

/** The user uploads files in one request and sends a message with their parts; gives their uris. */
async function ask(dev: Dev, text: string, files: Record<string, string>): Promise<string[]> {
  const form = new FormData();
  for (const [name, content] of Object.entries(files)) {
    form.append("files", new Blob([content]), name);
  }
  const adminToken = readFileSync(dev.adminTokenFile, "utf8").trim();
  const call = async (path: string, init: RequestInit): Promise<any> => {
    const headers = { ...init.headers, authorization: `Bearer ${adminToken}` };
    const response = await fetch(`${dev.url}/workspaces/${dev.agent.id}/${path}`, {
      method: "POST",
      ...init,
      headers,
    });
    expect(response.status).toBe(200);
    return response.json();
  };
  const uploaded: { uri: string }[] = (await call("chat/uploads", { body: form })).files;
  const parts = [{ kind: "text", text }, ...uploaded.map((file) => ({ kind: "file", file }))];
  const message = { role: "user", messageId: crypto.randomUUID(), parts };
  const body = { jsonrpc: "2.0", id: "1", method: "message/send", params: { message } };
  const headers = { "content-type": "application/json" };
  await call("a2a", { body: JSON.stringify(body), headers });
  return uploaded.map(({ uri }) => uri);
}

async function contentOf(dev: Dev, uri: string): Promise<string | number> {
  const path = `workspaces/${dev.agent.id}/pending-uploads/${uri.split("/")[1]}/content`;
  const headers = { authorization: `Bearer ${dev.agent.token}` };
  const response = await fetch(`${dev.url}/${path}`, { headers });
  return response.ok ? response.text() : response.status;
}

const foldersOf = (dev: Dev, home: string): string[] => {
  const path = join(stateDir(home), `${dev.agent.id}.files`);
  return existsSync(path) ? readdirSync(path) : [];
};

test("a command reads the user's files and leaves one with its answer, and nothing of it stays", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path, { ephemeral: true, port: 0, revision: "r1" });
  const cmd = program(home.path, JOIN);
  await using bridge = dev.connect(home.path, {
    cmd,
    opts: ["format=json"],
    flags: { verbose: true },
  });
  await bridge.untilEvent("connected");
  const uris = await ask(dev, "join", { "a.txt": "one", "b.txt": "two" });
  await bridge.untilEvent("answered");
  const notice = (await dev.feed()).at(-1);
  expect(notice).toMatchObject({
    method: "notify",
    response_body: { result: "join: a.txt, b.txt" },
  });
  const [file] = notice.response_body.parts.filter((part: any) => part.kind === "file");
  expect(file.file.name).toBe("joined.txt");
  expect(await contentOf(dev, file.file.uri)).toBe("one+two");
  await lookUntil(() => foldersOf(dev, home.path).length === 0);
  // Revision 1 shows no file that was acknowledged.
  expect(await Promise.all(uris.map((uri) => contentOf(dev, uri)))).toEqual([404, 404]);
  // Our own upload is a row of the feed, and no message.
  await bridge.untilEvent("skipped", 4);
  await bridge.stop();
  expect(bridge.of("taken")).toHaveLength(1);
  expect(bridge.stderr).not.toContain(dev.agent.token);
});

inShell(
  "a bridge that is killed in the middle of the run has the files still, and runs it again with them",
  async () => {
    using home = tmpFolder();
    using gate = new Gate(home.path);
    await using dev = await Dev.start(home.path);
    const cmd = `echo started >&2; ${gate.wait}; ${program(home.path, JOIN)}`;
    const setup = { cmd, opts: ["format=json"] };
    const uris = await ask(dev, "join", { "a.txt": "one" });
    {
      await using bridge = dev.connect(home.path, setup);
      await bridge.untilBackendSays("started");
      bridge.signal("SIGKILL");
      await bridge.ended;
    }
    expect(foldersOf(dev, home.path)).toHaveLength(1);
    // It need not be fetched a second time.
    await fetch(
      `${dev.url}/workspaces/${dev.agent.id}/pending-uploads/${uris[0]?.split("/")[1]}/ack`,
      {
        method: "POST",
        headers: { authorization: `Bearer ${dev.agent.token}` },
      },
    );
    gate.open();
    await using bridge = dev.connect(home.path, setup);
    await bridge.untilEvent("answered");
    const notice = (await dev.feed()).at(-1);
    expect(notice.response_body.parts).toMatchObject([
      { kind: "text" },
      { kind: "file", file: { name: "joined.txt" } },
    ]);
    expect(await contentOf(dev, notice.response_body.parts[1].file.uri)).toBe("one");
    await lookUntil(() => foldersOf(dev, home.path).length === 0);
    await bridge.stop();
  },
);

test("agent send takes files along: uploaded for the person at the canvas, inline for a peer", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const show = "console.log(texts.join('+'));\n";
  const cmd = program(
    home.path,
    JOIN.replace(/await Bun.write.*\n/, () => show),
  );
  await using _ = dev.connect(home.path, { cmd, opts: ["format=json"] });
  const [small, large] = [join(home.path, "small.txt"), join(home.path, "large.txt")];
  writeFileSync(small, "first");
  writeFileSync(large, "x".repeat(600_001));
  for (const peer of [undefined, dev.ada]) {
    const sent = await dev.send("look", peer, { wait: true, file: small });
    expect([sent.code, sent.stdout]).toEqual([0, "first\nlook: small.txt\n"]);
  }
  for (const [file, words] of [
    [large, "the files have 600001 bytes, and 600000 are what"],
    [join(home.path, "none.txt"), "none.txt is no file that can be read"],
    [home.path, "is no file that can be read"],
  ]) {
    const refused = await dev.send("look", dev.ada, { file });
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(words ?? "")]);
  }
});
