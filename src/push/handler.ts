/** From a request to its answer: who may come in, what is asked for, and in which form it is answered. */
import type { Clock } from "../shared/clock.ts";
import { endingBody, errorBody, refuse, respond, type Ending } from "./answers.ts";
import { arrivalOf } from "./arrival.ts";
import type { Bodies } from "./body.ts";
import type { Credential } from "./credential.ts";
import type { Desk } from "./desk.ts";
import type { Paths } from "./paths.ts";
import type { Refusals } from "./refusals.ts";
import { readRequest } from "./rpc.ts";
import { answer } from "./slow-answer.ts";

/** When a platform that shows a secret may try again, until we have been told which it is. */
const UNKNOWN_S = 5;

export interface HandlerParts {
  workspaceId: string;
  clock: Clock;
  paths: Paths;
  credential: Credential;
  bodies: Bodies;
  desk: Pick<Desk, "take">;
  refusals: Refusals;
}

export class Handler {
  readonly #parts: HandlerParts;
  #open = false;

  constructor(parts: HandlerParts) {
    this.#parts = parts;
  }

  /** The platform knows of us: messages are taken from now on. */
  open(): void {
    this.#open = true;
  }

  /** Never rejects, but for a fault of ours. `onTaken` is called once the request may take its time. */
  async handle(request: Request, onTaken: () => void): Promise<Response> {
    const { paths, desk, workspaceId, clock, bodies } = this.#parts;
    const path = pathOf(request);
    if (!paths.isSecret(path)) return this.#check(request, path);
    const refusal = await this.#atTheDoor(request);
    if (refusal !== undefined) return refusal;
    const body = await bodies.read(request);
    if (body.kind !== "read") return this.#unread(body.kind);
    onTaken();
    const asked = readRequest(body.text);
    if (asked.kind === "error") {
      bodies.release(body.held);
      return Response.json(errorBody(asked, asked.code, asked.message));
    }
    const taking = async () => desk.take(arrivalOf(asked.envelope, asked.method, workspaceId));
    const ending = taking().finally(() => bodies.release(body.held));
    // A fault of ours goes to who waits for the answer.
    ending.then(
      (end) => this.#tell(end),
      () => {},
    );
    return answer(clock, ending, {
      whole: (end) => respond(asked, end),
      late: (end) => endingBody(asked, end),
    });
  }

  /** Nobody is told what there is, unless it is our own look at whether the address leads here. */
  #check(request: Request, path: string): Response {
    const found = request.method === "GET" ? this.#parts.paths.checkAnswer(path) : undefined;
    return found === undefined ? new Response(null, { status: 404 }) : new Response(found);
  }

  /** Why a request on the secret path is not even read. */
  async #atTheDoor(request: Request): Promise<Response | undefined> {
    const { credential, refusals } = this.#parts;
    if (request.method !== "POST") {
      return new Response(null, { status: 405, headers: { Allow: "POST" } });
    }
    const judgement = await credential.judge(request.headers.get("authorization"));
    if (judgement === "refused") {
      refusals.note(401, "what it showed is not the platform's inbound secret");
      return refuse(401, "the inbound secret is missing or wrong");
    }
    if (judgement === "accepted" && this.#open) return undefined;
    refusals.note(503, "the bridge is not ready yet");
    return refuse(503, "the agent is not ready yet", { retryAfterS: UNKNOWN_S });
  }

  #unread(kind: "too-large" | "too-slow" | "no-room" | "cut-off"): Response {
    const { refusals } = this.#parts;
    switch (kind) {
      case "too-large":
        refusals.note(413, "its body is larger than 16 MiB");
        return refuse(413, "the body is larger than 16 MiB");
      case "too-slow":
        refusals.note(408, "its body did not come within a minute");
        return refuse(408, "the body did not come in time");
      case "no-room":
        refusals.note(503, "there is no room for more bodies at once");
        return refuse(503, "the agent is busy", { retryAfterS: 30, mark: "busy" });
      case "cut-off":
        return refuse(400, "the body was cut off");
    }
  }

  #tell(ending: Ending): void {
    if (ending.kind !== "refused" || ending.mark === "restarting") return;
    this.#parts.refusals.note(ending.status, ending.error);
  }
}

/** The path as it was asked for; one with a query is no path of ours. */
function pathOf(request: Request): string {
  const url = URL.parse(request.url);
  return url === null || url.search !== "" ? "" : url.pathname;
}
