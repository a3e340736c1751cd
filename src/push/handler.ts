/** From a request to its answer: who may come in, what is asked for, and in which form it is answered. */
import type { Clock } from "../shared/clock.ts";
import { endingBody, errorBody, refuse, respond, type Ending } from "./answers.ts";
import { arrivalOf } from "./arrival.ts";
import { MOST_VALUES, type Bodies, type Unread } from "./body.ts";
import type { Credential } from "./credential.ts";
import type { Desk } from "./desk.ts";
import type { Patience } from "./listener.ts";
import type { Paths } from "./paths.ts";
import type { Refusals } from "./refusals.ts";
import { readRequest } from "./rpc.ts";
import { answer } from "./slow-answer.ts";

const WRONG = "what it showed is not the platform's inbound secret";
const MISSING =
  "it showed no inbound secret, and the platform has shown one before; if the platform shows none any " +
  "more (it went back to revision 1), messages are taken again seven days after the last that showed one";
const TOO_MANY = `the JSON holds more than ${MOST_VALUES.toLocaleString("en")} values`;

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

  /** Never rejects, but for a fault of ours. A message may take its time; other requests may not. */
  async handle(request: Request, patience: Patience): Promise<Response> {
    const { paths, credential, desk, workspaceId, clock, bodies } = this.#parts;
    const path = pathOf(request);
    if (!paths.isSecret(path)) return this.#check(request, path);
    const refusal = await this.#atTheDoor(request);
    if (refusal !== undefined) return refusal;
    const body = await bodies.read(request);
    if (body.kind !== "read") return this.#unread(body.kind);
    const asked = readRequest(body.text);
    if (asked.kind === "error") {
      bodies.release(body.held);
      return Response.json(errorBody(asked, asked.code, asked.message));
    }
    if (!request.headers.has("authorization")) credential.onBareMessage();
    patience.begin();
    const { promise: begun, resolve: onBegun } = Promise.withResolvers<void>();
    const taking = async () =>
      desk.take(arrivalOf(asked.envelope, asked.method, workspaceId), onBegun);
    const ending = taking().finally(() => {
      bodies.release(body.held);
      patience.end();
    });
    // A fault of ours goes to who waits for the answer.
    ending.then(
      (end) => this.#tell(end),
      () => {},
    );
    return answer(
      clock,
      { ending, begun },
      { whole: (end) => respond(asked, end), late: (end) => endingBody(asked, end) },
    );
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
    if (judgement === "refused" || judgement === "missing") {
      refusals.note(401, judgement === "missing" ? MISSING : WRONG);
      return refuse(401, "the inbound secret is missing or wrong");
    }
    if (judgement === "accepted" && this.#open) return undefined;
    refusals.note(503, "the bridge is not ready yet");
    return refuse(503, "the agent is not ready yet", { retryAfterS: UNKNOWN_S });
  }

  #unread(kind: Unread): Response {
    const { refusals } = this.#parts;
    switch (kind) {
      case "too-large":
        refusals.note(413, "its body is larger than 16 MiB");
        return refuse(413, "the body is larger than 16 MiB");
      case "too-many":
        return Response.json(errorBody({ id: null, version: "0.3" }, -32600, TOO_MANY));
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
