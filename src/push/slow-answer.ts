/**
 * An answer that takes long. The platform of revision 1, and most proxies in between, give up a request
 * of which they have not heard for a minute or three (contract 2.4.5). So the answer is begun before it
 * is known, with white space, which JSON allows in front.
 */
import { LATE, within, type Clock } from "../shared/clock.ts";

/** Shorter than the patience of common proxies, and of people. */
export const SIGN_OF_LIFE_MS = 20_000;

/**
 * The response of `whole` where the ending comes soon; else one that is written while it is waited for,
 * and ends with the JSON of `late`.
 */
export async function answer<T>(
  clock: Clock,
  ending: Promise<T>,
  { whole, late }: { whole(ending: T): Response; late(ending: T): object },
): Promise<Response> {
  const soon = await within(clock, SIGN_OF_LIFE_MS, ending);
  if (soon !== LATE) return whole(soon);
  const gone = new AbortController();
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      const write = (text: string) => controller.enqueue(encoder.encode(text));
      write("\n");
      while (!gone.signal.aborted) {
        const end = await within(clock, SIGN_OF_LIFE_MS, ending);
        if (gone.signal.aborted) return;
        if (end === LATE) {
          write("\n");
          continue;
        }
        write(JSON.stringify(late(end)));
        return controller.close();
      }
    },
    // Who hangs up does not end the work: its answer is kept for when he asks again.
    cancel: () => gone.abort(),
  });
  return new Response(stream, { headers: { "content-type": "application/json" } });
}
