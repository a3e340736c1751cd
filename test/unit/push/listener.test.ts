/** How long a connection may be silent, over a real socket. */
import { expect, test } from "bun:test";
import { connect } from "node:net";
import { listen, type Handle } from "../../../src/push/listener.ts";

/** A connection that asks for a path; resolves with what it got when it was closed. */
async function ask(address: string, path: string): Promise<string> {
  const socket = connect(Number(address.split(":")[1]), "127.0.0.1");
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}`);
  let got = "";
  socket.on("data", (data) => (got += String(data)));
  socket.on("error", () => {});
  await new Promise<void>((resolve) => socket.on("close", () => resolve()));
  return got;
}

test("a connection is closed when it says nothing, but not while it waits for its answer", async () => {
  const over = Promise.withResolvers<void>();
  const both = Promise.withResolvers<void>();
  let begun = 0;
  const handle: Handle = async (request, patience) => {
    await request.text();
    const path = new URL(request.url).pathname;
    if (path === "/refused") return new Response("no");
    patience.begin();
    begun += 1;
    if (begun === 2) both.resolve();
    await over.promise;
    if (path === "/streamed") return streamed(() => patience.end());
    patience.end();
    return new Response("whole");
  };
  // The shortest that the server knows.
  using server = closing(listen({ hostname: "127.0.0.1", port: 0 }, handle, () => {}, 1));
  const answers = ["/whole", "/streamed"].map((path) => ask(server.address, path));
  await both.promise;
  // It came last, so the others have been silent for longer when it is closed.
  expect(await ask(server.address, "/refused")).toEndWith("no");
  over.resolve();
  const [whole, inPieces] = await Promise.all(answers);
  expect(whole).toEndWith("whole");
  expect(inPieces).toContain("streamed");
}, 60_000);

function streamed(end: () => void): Response {
  const encoder = new TextEncoder();
  return new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(encoder.encode("begun "));
        end();
        controller.enqueue(encoder.encode("streamed"));
        controller.close();
      },
    }),
  );
}

function closing(server: ReturnType<typeof listen>) {
  return { ...server, [Symbol.dispose]: () => server.kill() };
}
