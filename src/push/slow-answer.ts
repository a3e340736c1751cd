/**
 * An answer that takes long. The platform of revision 1, and most proxies in between, give up a request
 * of which they have not heard for a minute or three (contract 2.4.5). So the answer is begun before it
 * is known, with white space, which JSON allows in front. Its status is sent with that: one of which
 * nothing has been run yet may still be refused, and keeps the status for it as long as it can.
 */
import { LATE, within, type Clock } from "../shared/clock.ts";

/** Shorter than the patience of common proxies, and of people. */
export const SIGN_OF_LIFE_MS = 20_000;
/** How long a message waits in silence: less than the 180 s that revision 1 waits for headers. */
export const SILENCE_MS = 150_000;

/**
 * The response of `whole` where the ending comes soon, or before anything was run; else one that is
 * written while it is waited for, and ends with the JSON of `late`. `begun` resolves when the run begins.
 */
export async function answer<T>(
  clock: Clock,
  { ending, begun }: { ending: Promise<T>; begun: Promise<void> },
  { whole, late }: { whole(ending: T): Response; late(ending: T): object },
): Promise<Response> {
  const soon = await unbegun(clock, ending, begun);
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
  // nginx would keep the white space back, and give up what it hears nothing of.
  const headers = { "content-type": "application/json", "x-accel-buffering": "no" };
  return new Response(stream, { headers });
}

/** The ending, where it comes while the status is still open. */
async function unbegun<T>(
  clock: Clock,
  ending: Promise<T>,
  begun: Promise<void>,
): Promise<T | typeof LATE> {
  const soon = await within(clock, SIGN_OF_LIFE_MS, ending);
  if (soon !== LATE) return soon;
  const running = begun.then((): typeof LATE => LATE);
  return within(clock, SILENCE_MS - SIGN_OF_LIFE_MS, Promise.race([ending, running]));
}
