/** The files of `agent send`: uploaded where the canvas user speaks, in the message where a peer does. */
import { basename } from "node:path";
import { MAX_BODY_BYTES } from "../../a2a/reply.ts";
import type { FilePart } from "../../contract/types.ts";
import type { PlatformClient } from "../../platform/client.ts";
import { MoleculeError } from "../../shared/errors.ts";

/** Of what a message may weigh, some is for the text and the envelope; base64 makes four bytes of three. */
const MOST_INLINE = Math.floor((MAX_BODY_BYTES * 0.6) / 100_000) * 100_000;

/** Throws a MoleculeError where one is no readable file, or all are too large to go in a message. */
export async function filesToSend(
  paths: readonly string[],
  isPeer: boolean,
  platform: PlatformClient,
): Promise<FilePart["file"][]> {
  const found = [];
  for (const path of paths) found.push({ path, data: Bun.file(path), size: await sizeOf(path) });
  const total = found.reduce((sum, { size }) => sum + size, 0);
  if (isPeer && total > MOST_INLINE) {
    throw new MoleculeError(
      `the files have ${total} bytes, and ${MOST_INLINE} are what a message between workspaces can carry`,
      { hint: "Only the canvas user can upload files: leave --as out, or send less." },
    );
  }
  const files: FilePart["file"][] = [];
  for (const { path, data, size } of found) {
    const [name, mimeType] = [basename(path), data.type];
    if (isPeer) {
      const bytes = Buffer.from(await data.bytes()).toString("base64");
      files.push({ name, mimeType, size, bytes });
    } else {
      const { uri } = await platform.upload({ name, mimeType, data });
      files.push({ name, mimeType, size, uri });
    }
  }
  return files;
}

async function sizeOf(path: string): Promise<number> {
  const stat = await Bun.file(path)
    .stat()
    .catch(() => undefined);
  if (stat?.isFile() === true) return stat.size;
  throw new MoleculeError(`${path} is no file that can be read`, { hint: "Check --file." });
}
