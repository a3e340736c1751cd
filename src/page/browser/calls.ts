/** Calls of the page's own routes (see wire.ts). */
import { call } from "./edges.ts";

const BASE = "/page/api/";

/** A call that was refused, or got no answer (status 0). */
export class CallError extends Error {
  readonly status: number;
  readonly hint: string | undefined;

  constructor(status: number, message: string, hint?: string) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

/** Calls that show the token. All reject with a {@link CallError}. */
export class Calls {
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  async get<T>(path: string): Promise<T> {
    return (await (await this.#send(path, {})).json()) as T;
  }

  async text(path: string): Promise<string> {
    return (await this.#send(path, {})).text();
  }

  async blob(path: string): Promise<Blob> {
    return (await this.#send(path, {})).blob();
  }

  /** The bytes, where they are no more than that; undefined where they are. */
  async bytesUpTo(most: number, path: string): Promise<Uint8Array<ArrayBuffer>[] | undefined> {
    const { body } = await this.#send(path, {});
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    const reader = body?.getReader();
    for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) {
      size += read.value.length;
      if (size > most) {
        await reader?.cancel();
        return undefined;
      }
      chunks.push(read.value);
    }
    return chunks;
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return post<T>(path, body, this.#token);
  }

  async upload<T>(path: string, files: readonly File[]): Promise<T> {
    const form = new FormData();
    for (const file of files) form.append("files", file, file.name);
    return (await (await this.#send(path, { method: "POST", body: form })).json()) as T;
  }

  /** What the server sends as it happens, for as long as the signal lets it. */
  async stream(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { body } = await this.#send("stream", { signal });
    if (body === null) throw new CallError(0, "the platform sends nothing");
    return body;
  }

  #send(path: string, init: RequestInit): Promise<Response> {
    return send(path, init, this.#token);
  }
}

/** A POST of JSON, with a token where there is one. */
export async function post<T>(path: string, body: unknown, token?: string): Promise<T> {
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body: JSON.stringify(body) };
  return (await (await send(path, init, token)).json()) as T;
}

async function send(path: string, init: RequestInit, token?: string): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  let response: Response;
  try {
    response = await call(BASE + path, { ...init, headers, cache: "no-store" });
  } catch {
    throw new CallError(0, "The platform does not answer.");
  }
  if (response.ok) return response;
  const { error, hint } = (await response.json().catch(() => ({}))) as {
    error?: unknown;
    hint?: unknown;
  };
  throw new CallError(
    response.status,
    typeof error === "string" ? error : `The platform answered ${response.status}.`,
    typeof hint === "string" ? hint : undefined,
  );
}
