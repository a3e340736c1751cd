/** Which events of a stream tell of what is waited for (contract 2.11, 2.5). */
import type { StreamSign } from "../../platform/platform.ts";

/** Whether an event asks for a look. */
export type Tells = (event: Extract<StreamSign, { kind: "event" }>) => boolean;

/** Of an answer to a workspace, on its own stream. */
export const tellsPeer: Tells = ({ type, activityType }) =>
  type === "A2A_RESPONSE" || (type === "ACTIVITY_LOGGED" && isOf("a2a_receive", activityType));

/**
 * Of an answer to the canvas user, on the agent's stream. The rows of an agent in poll mode are what others
 * ask; one in push mode answers in a row.
 */
export function tellsCanvas(deliveryMode: string | undefined): Tells {
  const isPoll = deliveryMode === "poll";
  return (event) => event.type === "AGENT_MESSAGE" || (!isPoll && tellsPeer(event));
}

/** Of what becomes of a delegation, on the stream of the workspace that delegated. */
export const tellsDelegation: Tells = (event) =>
  event.type.startsWith("DELEGATION_") || tellsPeer(event);

/** Of new rows of that type; undefined for all. A notice is one, and has an event of its own. */
export function tellsRows(rows: string | undefined): Tells {
  return ({ type, activityType }) =>
    type === "ACTIVITY_LOGGED"
      ? isOf(rows, activityType)
      : type === "AGENT_MESSAGE" && isOf(rows, "a2a_receive");
}

/** What can't be told may be it. */
function isOf(wanted: string | undefined, activityType: string | undefined): boolean {
  return wanted === undefined || activityType === undefined || activityType === wanted;
}
