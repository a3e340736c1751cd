/** Files by way of the embedded platform, there and back. */
import { expect, test } from "bun:test";
import type { PlatformClient } from "../../../src/platform/client.ts";
import { clientFor, failureOf } from "../../harness/client.ts";
import { lab, type Lab, type Member } from "../dev/lab.ts";

const MIB = 1024 * 1024;
const LIMIT = { maxBytes: 100 * MIB };

function clientOf(at: Lab, { id, token }: Member): PlatformClient {
  return clientFor(at.platform.url, { workspaceId: id, identity: id, token: () => token });
}

async function bytesOf(client: PlatformClient, fileId: string) {
  const chunks: Uint8Array[] = [];
  const found = await client.download(fileId, (chunk) => void chunks.push(chunk.slice()), LIMIT);
  return { ...found, bytes: Buffer.concat(chunks) };
}

test.each(["r1", "r2"] as const)(
  "%s: a file goes to the platform, into the feed, back, and is acknowledged",
  async (revision) => {
    await using at = await lab({ revision });
    const agent = await at.member("agent");
    const client = clientOf(at, agent);
    const bytes = Buffer.alloc(3 * MIB + 1, crypto.getRandomValues(new Uint8Array(991)));
    const data = new Blob([bytes]);
    const sent = await client.upload({ name: "ä b.png", mimeType: "image/png", data });
    expect(sent).toEqual({
      uri: expect.stringContaining(`platform-pending:${agent.id}/`),
      name: "ä b.png",
      mimeType: "image/png",
      size: bytes.length,
    });
    const [row] = (await client.activity({ limit: 5 })) as any[];
    expect(row.request_body.uri).toBe(sent.uri);
    const fileId: string = row.request_body.file_id;
    const found = await bytesOf(client, fileId);
    expect([found.mimeType, found.size]).toEqual(["image/png", bytes.length]);
    expect(found.bytes.equals(bytes)).toBe(true);
    await client.acknowledge(fileId);
    await client.acknowledge(fileId);
    const later = await bytesOf(client, fileId).catch((error: unknown) => error);
    if (revision === "r2") expect(later).toMatchObject({ size: bytes.length });
    else expect(later).toMatchObject({ verdict: "permanent", failure: { status: 404 } });

    await client.notify("here it is", { attachments: [{ uri: sent.uri, name: sent.name }] });
    const [notice] = await at.feed(agent);
    expect(notice.response_body.parts).toEqual([
      { kind: "text", text: "here it is" },
      { kind: "file", file: { uri: sent.uri, name: sent.name } },
    ]);
  },
);

test("an empty file, and one of another workspace", async () => {
  await using at = await lab();
  const [agent, ada] = [await at.member("agent"), await at.member("ada")];
  const file = { name: "empty", mimeType: undefined, data: new Blob([]) };
  const { uri, size } = await clientOf(at, agent).upload(file);
  const fileId = uri.split("/")[1] ?? "";
  expect([size, (await bytesOf(clientOf(at, agent), fileId)).size]).toEqual([0, 0]);
  const foreign = failureOf(bytesOf(clientOf(at, ada), fileId));
  expect((await foreign).failure.status).toBe(404);
});

test("a file that the platform finds too large is refused in its words", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const data = new Blob([new Uint8Array(100 * MIB)]);
  const sending = clientOf(at, agent).upload({ name: "large", mimeType: undefined, data });
  expect(await failureOf(sending)).toMatchObject({
    message: "uploading a file: 413 (request body too large)",
    verdict: "permanent",
  });
  expect(await at.feed(agent)).toEqual([]);
});

test("a wrong token, and an agent in push mode, are what they are everywhere", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const file = { name: "a", mimeType: undefined, data: new Blob(["x"]) };
  const stranger = clientOf(at, { ...agent, token: "revoked" });
  const large = { ...file, data: new Blob([new Uint8Array(20 * MIB)]) };
  for (const call of [
    () => stranger.upload(large),
    () => stranger.acknowledge("f"),
    () => bytesOf(stranger, "f"),
  ]) {
    expect((await failureOf(call())).verdict).toBe("unauthorized");
  }
  const client = clientOf(at, agent);
  const card = { name: "a" } as Parameters<typeof client.register>[0];
  const { inboundSecret } = await client.register(card, { push: { url: "http://localhost:1/" } });
  expect(inboundSecret).toBeString();
  expect((await failureOf(client.upload(file))).failure.status).toBe(503);
  await client.register(card);
  expect((await client.upload(file)).name).toBe("a");
});

test("the name of a peer is open to all, until it is removed", async () => {
  await using at = await lab();
  const [agent, ada] = [await at.member("agent"), await at.member("Ada L.")];
  const client = clientOf(at, agent);
  expect(await client.peerName(ada.id)).toBe("Ada L.");
  await at.remove(ada, "Ada L.");
  expect(await client.peerName(ada.id)).toBeUndefined();
  expect(await client.peerName(crypto.randomUUID())).toBeUndefined();
});
