/** Connections by hand, for what a finished answer does not tell: who listens, and with which certificate. */
import { connect, isIP, type Socket } from "node:net";
import { connect as secure, type PeerCertificate, type TLSSocket } from "node:tls";
import { MoleculeError } from "../../shared/errors.ts";
import { loginOf } from "./proxy-choice.ts";

export interface End {
  host: string;
  port: number;
}

/** A connection; rejects with the system's error. The caller destroys it. */
export function dial({ host, port }: End): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
    // An error after this has been told otherwise already.
    socket.on("error", () => {});
  });
}

/** A connection to `end` through an http proxy (RFC 9110, 9.3.6). Rejects where it refuses. */
export async function tunnel(proxy: URL, proxyEnd: End, end: End): Promise<Socket> {
  const socket = await dial(proxyEnd);
  const authority = `${isIP(end.host) === 6 ? `[${end.host}]` : end.host}:${end.port}`;
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  const login = loginOf(proxy);
  if (login !== undefined) {
    const basic = Buffer.from(`${login.user}:${login.password}`).toString("base64");
    lines.push(`Proxy-Authorization: Basic ${basic}`);
  }
  const answer = await new Promise<string>((resolve, reject) => {
    let text = "";
    const take = (bytes: Buffer) => {
      text += bytes.toString("latin1");
      if (!text.includes("\r\n\r\n") && text.length < 16_384) return;
      socket.off("data", take);
      resolve(text);
    };
    socket.on("data", take);
    socket.once("error", reject);
    socket.once("close", () => resolve(text));
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  });
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1];
  if (status?.startsWith("2") === true) return socket;
  socket.destroy();
  throw new MoleculeError(
    status === undefined
      ? `the proxy ${proxyEnd.host}:${proxyEnd.port} does not answer as one`
      : `the proxy ${proxyEnd.host}:${proxyEnd.port} refuses to connect (${status})`,
    {
      exitCode: 4,
      hint:
        status === "407"
          ? "It wants a login: http://user:password@host:port in the variable."
          : "Ask who runs the proxy, or take the host out with NO_PROXY.",
    },
  );
}

/** What a server showed in the handshake. */
export interface Handshake {
  certificate: PeerCertificate;
  /** Why it is not trusted; undefined where it is. */
  problem: string | undefined;
}

/** Shakes hands over the connection, whatever is shown. `ca`: the authorities to trust, in PEM. */
export function shakeHands(
  socket: Socket,
  host: string,
  ca: readonly string[],
): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const shaken: TLSSocket = secure(
      {
        socket,
        host,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ca: [...ca],
        rejectUnauthorized: false,
      },
      () => {
        const error = shaken.authorizationError as Error | string | null | undefined;
        const problem =
          error instanceof Error ? ((error as { code?: string }).code ?? error.message) : error;
        resolve({
          certificate: shaken.getPeerCertificate(),
          problem: shaken.authorized ? undefined : (problem ?? "not trusted"),
        });
        shaken.destroy();
      },
    );
    shaken.once("error", reject);
    shaken.on("error", () => {});
    socket.once("close", () => reject(Object.assign(new Error("closed"), { code: "ECONNRESET" })));
  });
}
