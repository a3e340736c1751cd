/** The server on this machine. */
import { codeOf, messageOf, MoleculeError } from "../shared/errors.ts";
import { formatListen, type ListenAddress } from "./listen-address.ts";

/** A connection that says nothing for so long is closed, in seconds. Not while its message is worked on. */
const IDLE_S = 60;

/** Answers a request. */
export type Handle = (request: Request, patience: Patience) => Promise<Response>;

/** How long a connection may be silent. */
export interface Patience {
  /** As long as its request takes, from now on. */
  begin(): void;
  /** As before: called when the answer is known and nothing of its end was sent yet. */
  end(): void;
}

export interface Listener {
  /** Where it listens, with the port that was found where any would do. */
  address: string;
  /** Takes no more connections; resolves when all answers are out. */
  stop(): Promise<void>;
  /** Ends at once. */
  kill(): void;
}

/** Listens. Throws a MoleculeError where that can't be. */
export function listen(
  address: ListenAddress,
  handle: Handle,
  onFault: Fault,
  idleS = IDLE_S,
): Listener {
  const { hostname, port } = address;
  let server: Bun.Server<undefined>;
  try {
    server = Bun.serve({
      hostname,
      port,
      development: false,
      idleTimeout: idleS,
      // We count ourselves, and say in JSON what is too much.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      fetch: (request, self) =>
        handle(request, {
          begin: () => self.timeout(request, 0),
          // It counts for the whole connection, also while nobody reads the answer.
          end: () => self.timeout(request, idleS),
        }),
      error: (error) => {
        onFault(error);
        return Response.json({ error: "internal error" }, { status: 500 });
      },
    });
  } catch (error) {
    throw cantListen(address, error);
  }
  return {
    address: formatListen({ hostname, port: server.port ?? port }),
    stop: () => server.stop(),
    kill: () => void server.stop(true),
  };
}

export type Fault = (error: unknown) => void;

function cantListen(address: ListenAddress, error: unknown): MoleculeError {
  const code = codeOf(error);
  const taken = code === "EADDRINUSE";
  const why = taken ? "another program listens there" : (code ?? messageOf(error));
  return new MoleculeError(`can't listen on ${formatListen(address)}: ${why}`, {
    hint: "Choose another address with --listen, and let the public address lead there.",
    cause: error,
  });
}
