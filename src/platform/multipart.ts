/** A file as the body of a request. */
import { codeOf, messageOf } from "../shared/errors.ts";
import { PlatformError, type FileToUpload } from "./platform.ts";

/** A body that is no JSON. A redirect may have it sent again, hence a stream for each time. */
export interface Payload {
  contentType: string;
  /** In bytes. */
  size: number;
  stream(): ReadableStream<Uint8Array>;
}

const MAX_NAME_CHARACTERS = 255;
const MEDIA_TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:; ?[\w-]+="?[\w.+-]+"?)*$/;

/**
 * One file as `multipart/form-data` (RFC 7578), read while it is sent: a FormData would hold it
 * twice in memory.
 */
export function filePayload(
  field: string,
  { name, mimeType, data }: FileToUpload,
  what: string,
): Payload {
  const boundary = `molecule-${crypto.randomUUID()}`;
  const type = mimeType ?? data.type;
  const head = Buffer.from(
    `--${boundary}\r\n` +
      `Content-Disposition: form-data; name="${field}"; filename="${fileName(name)}"\r\n` +
      `Content-Type: ${MEDIA_TYPE.test(type) ? type : "application/octet-stream"}\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    size: head.byteLength + data.size + tail.byteLength,
    stream: () => streamOf(pieces(what, head, data, tail)),
  };
}

async function* pieces(
  what: string,
  head: Uint8Array,
  data: Blob,
  tail: Uint8Array,
): AsyncGenerator<Uint8Array> {
  yield head;
  let left = data.size;
  try {
    for await (const chunk of data.stream()) {
      left -= chunk.byteLength;
      yield chunk;
    }
  } catch (error) {
    throw unreadable(what, codeOf(error) ?? messageOf(error));
  }
  // The size is promised already: the platform would wait for the rest.
  if (left !== 0) throw unreadable(what, "its size changed meanwhile");
  yield tail;
}

function streamOf(pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await pieces.return(undefined);
    },
  });
}

function unreadable(what: string, why: string): PlatformError {
  return new PlatformError(`${what}: the file can't be read (${why})`, { verdict: "permanent" });
}

/** Nothing that ends a quoted string, a header or a folder's name. */
function fileName(name: string): string {
  const clean = name.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f"\\/]/g, "_");
  return [...clean].slice(0, MAX_NAME_CHARACTERS).join("") || "file";
}
