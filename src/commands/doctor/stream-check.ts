/** The event stream, which tells at once that there is something to fetch. */
import { Deadline } from "../../platform/deadline.ts";
import { Http } from "../../platform/http.ts";
import { streamCall } from "../../platform/listen.ts";
import { PlatformError } from "../../platform/platform.ts";
import { mediaType } from "../../shared/http.ts";
import { failure, ok, skipped, warning, type Check } from "./check.ts";
import { NO_WORKSPACE } from "./server-checks.ts";

/** A platform says something at once (contract 2.11). */
const FIRST_FRAME_MS = 5_000;

/** Of its first line; an event that is larger says nothing here. */
const MOST_BYTES = 64 * 1024;

/** Nothing depends on it, so that nothing about it is a failure but a refused token. */
const POLLING = "Messages are fetched all the same, only as often as --interval-ms says.";

export const stream: Check = {
  name: "events",
  title: "the event stream",
  needs: ["tenant", "token"],
  network: "only",
  deadlineMs: FIRST_FRAME_MS + 1_000,
  async run(patient) {
    const { workspaceId } = patient;
    if (workspaceId === undefined) return skipped(NO_WORKSPACE);
    const { token } = await patient.ownToken();
    const http = new Http(await patient.httpParts(token));
    const call = streamCall(workspaceId, FIRST_FRAME_MS);
    const deadline = new Deadline(FIRST_FRAME_MS, undefined);
    try {
      const response = await http.open(call, { fresh: true }, deadline.signal);
      if (response.ok && mediaType(response) === "text/event-stream") {
        const first = await firstLine(response);
        if (first === "whole") return ok("it opens, and speaks at once");
        const odd = first === "none" ? "it ended before it said anything" : "it says no whole line";
        return warning(odd, POLLING);
      }
      const refusal = await http.refusal(call, response, deadline);
      if (refusal.verdict === "unauthorized") return failure(refusal);
      if (response.status === 404) return warning("this platform has none", POLLING);
      return warning(refusal.message, POLLING);
    } catch (error) {
      if (deadline.expired !== undefined) {
        return warning(
          "nothing came: something between here and the platform holds it back, such as a proxy that buffers",
          `${POLLING} A proxy must pass text/event-stream on as it comes.`,
        );
      }
      const told =
        error instanceof PlatformError ? error : http.explained(call, error, deadline, false);
      return told.verdict === "transient" ? warning(told.message, POLLING) : failure(told);
    } finally {
      deadline.abort();
      deadline.clear();
    }
  },
};

/** Whether a whole line comes, or so much that none is to be expected. */
async function firstLine(response: Response): Promise<"whole" | "endless" | "none"> {
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    if (chunk.includes(LINE_FEED)) return "whole";
    bytes += chunk.length;
    if (bytes > MOST_BYTES) return "endless";
  }
  return "none";
}

const LINE_FEED = 0x0a;
