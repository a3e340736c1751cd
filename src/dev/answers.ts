/** What an endpoint says when it does not do what it was asked. */

export type Extra = { [key: string]: unknown };

/** Thrown by an endpoint: an HTTP status, the body `{error, …}` and headers, nothing else. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly body: Extra;
  readonly headers: { [name: string]: string };

  constructor(
    status: number,
    error: string,
    more: Extra = {},
    headers: { [name: string]: string } = {},
  ) {
    super(error);
    this.status = status;
    this.body = { error, ...more };
    this.headers = headers;
  }

  toResponse(): Response {
    return Response.json(this.body, { status: this.status, headers: this.headers });
  }
}

/** Ends the request with this status and `{error, …more}`. */
export function refuse(
  status: number,
  error: string,
  more?: Extra,
  headers?: { [name: string]: string },
): never {
  throw new Refusal(status, error, more, headers);
}
