/** Answers that a server should never give: their streams fail, and the connection ends with them. */

/** What the log shows for a request without an answer; it is never sent. */
const NO_RESPONSE = 444;

/** Given a reason, the server would print it as a fault of its own. */
const NO_REASON = undefined;

/** No answer: the connection ends. */
export function hangUp(): Response {
  const broken = new ReadableStream({ start: (controller) => controller.error(NO_REASON) });
  return new Response(broken, { status: NO_RESPONSE });
}

/**
 * The head of the answer and half of its first piece, all there is of a JSON one; then the connection
 * ends. The length is not in the head, and what says that there is more is that the last chunk is
 * missing. An answer without a body is none at all.
 */
export async function cutOff(answer: Response): Promise<Response> {
  const reader = answer.body?.getReader();
  const first = await reader?.read().catch(() => undefined);
  const piece = first?.value as Uint8Array | undefined;
  await reader?.cancel().catch(() => {});
  if (piece === undefined || piece.length < 2) return hangUp();
  const { status, headers } = answer;
  headers.delete("content-length");
  return new Response(breaking(piece.subarray(0, piece.length / 2)), { status, headers });
}

/** A stream that breaks after its start. */
function breaking(start: Uint8Array): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    async pull(controller) {
      if (!sent) {
        sent = true;
        return controller.enqueue(start);
      }
      // In the server's next turn, when the start is on the way: it would be dropped with the rest.
      await new Promise<void>((resolve) => void setImmediate(resolve));
      controller.error(NO_REASON);
    },
  });
}
