import { expect, test } from "bun:test";
import { join } from "node:path";
import { openNotifySocket } from "../../../src/service/notify-socket.ts";
import { Notifier } from "../../../src/service/notify.ts";
import { LINUX, onLinux } from "../../harness/platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";

/** A real Unix datagram socket, bound to that name, as systemd has one. */
async function listening(name: string) {
  const { dlopen, ptr } = await import("bun:ffi");
  const { symbols } = dlopen("libc.so.6", {
    socket: { args: ["int", "int", "int"], returns: "int" },
    bind: { args: ["int", "ptr", "u32"], returns: "int" },
    recv: { args: ["int", "ptr", "usize", "int"], returns: "i64" },
    close: { args: ["int"], returns: "int" },
  });
  const text = Buffer.from(
    `\u0001\0${name.replace(/^@/, "\0")}${name.startsWith("@") ? "" : "\0"}`,
  );
  // AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC
  const socket = symbols.socket(1, 2 | 0o2000000, 0);
  if (symbols.bind(socket, ptr(text), text.length) !== 0) throw new Error("it can't be bound");
  const buffer = new Uint8Array(4096);
  return {
    /** What has come: a datagram is there as soon as it was sent. */
    heard(): string[] {
      const all: string[] = [];
      for (;;) {
        // MSG_DONTWAIT
        const length = Number(symbols.recv(socket, ptr(buffer), buffer.length, 0x40));
        if (length < 0) return all;
        all.push(new TextDecoder().decode(buffer.subarray(0, length)));
      }
    },
    [Symbol.dispose]: () => void symbols.close(socket),
  };
}

const linux = onLinux("datagrams of Unix sockets");

linux.test("a message arrives whole at a socket in a folder", async () => {
  using folder = tmpFolder();
  const path = join(folder.path, "notify");
  using manager = await listening(path);
  const notifier = await Notifier.fromEnv({ NOTIFY_SOCKET: path });
  expect(notifier.problem).toBeUndefined();
  notifier.ready("connected, é");
  notifier.status("x".repeat(500));
  expect(manager.heard()).toEqual(["READY=1\nSTATUS=connected, é", `STATUS=${"x".repeat(199)}…`]);
});

linux.test("one at an abstract socket does, too", async () => {
  const name = `@molecule-test-${crypto.randomUUID()}`;
  using manager = await listening(name);
  const send = await openNotifySocket(name);
  if (typeof send === "string") throw new Error(send);
  expect(send("WATCHDOG=1")).toBe(true);
  expect(manager.heard()).toEqual(["WATCHDOG=1"]);
});

linux.test("a socket that is not there, or full, takes nothing and holds nobody up", async () => {
  using folder = tmpFolder();
  const path = join(folder.path, "notify");
  const send = await openNotifySocket(path);
  if (typeof send === "string") throw new Error(send);
  expect(send("READY=1")).toBe(false);
  using manager = await listening(path);
  let taken = 0;
  while (taken < 100_000 && send("WATCHDOG=1")) taken += 1;
  expect(taken).toBeLessThan(100_000);
  expect(manager.heard()).toHaveLength(taken);
});

test("what is no socket of this system is told", async () => {
  expect(await openNotifySocket("vsock:2:1234")).toBeString();
  expect(await openNotifySocket(`/${"x".repeat(200)}`)).toBeString();
  if (!LINUX) expect(await openNotifySocket("/run/notify")).toBeString();
});
