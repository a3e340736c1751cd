/**
 * The socket that systemd listens on for word of a service (sd_notify(3)): Unix datagrams, which Bun has no call
 * for. So they go by the C library itself: 16 microseconds a message, and without a process. The helper
 * `systemd-notify` takes 4 milliseconds, and needs a service in which every process may speak for the bridge, agents
 * included.
 */
import { messageOf } from "../shared/errors.ts";

/** Sends one message, whole or not at all; false where it was not taken. Never throws, never waits. */
export type SendDatagram = (text: string) => boolean;

/**
 * A sender to the socket of that path; one that begins with `@` is an abstract one. A text says why there can be
 * none. Linux only. Never rejects.
 */
export async function openNotifySocket(path: string): Promise<SendDatagram | string> {
  if (process.platform !== "linux") return "there is no systemd on this system";
  if (!/^[/@]./.test(path)) return `NOTIFY_SOCKET is no path of a socket: ${path}`;
  const address = addressOf(path);
  if (address === undefined) return "NOTIFY_SOCKET is too long a path for a socket";
  try {
    const { dlopen, ptr } = await import("bun:ffi");
    // glibc's name; musl takes it for its own, as it does every name that begins with `libc.`.
    const { symbols } = dlopen("libc.so.6", {
      socket: { args: ["int", "int", "int"], returns: "int" },
      sendto: { args: ["int", "ptr", "usize", "int", "ptr", "u32"], returns: "i64" },
      close: { args: ["int"], returns: "int" },
    });
    return (text) => {
      const message = new TextEncoder().encode(text);
      try {
        const socket = symbols.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (socket < 0) return false;
        const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
        const { length } = message;
        const to = ptr(address);
        const sent = symbols.sendto(socket, ptr(message), length, flags, to, address.length);
        symbols.close(socket);
        return Number(sent) === length;
      } catch {
        return false;
      }
    };
  } catch (error) {
    return `the C library can't be called: ${messageOf(error)}`;
  }
}

/** Of Linux, the same on every processor that there is a binary for. */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** A `sockaddr_un` (unix(7)); its family is in the order of the machine, which is little-endian on all of ours. */
function addressOf(path: string): Uint8Array | undefined {
  const name = new TextEncoder().encode(path);
  if (name.length > 107) return undefined;
  const isAbstract = path.startsWith("@");
  const address = new Uint8Array(2 + name.length + (isAbstract ? 0 : 1));
  address[0] = AF_UNIX;
  address.set(name, 2);
  // An abstract name begins with a NUL, and ends with its length.
  if (isAbstract) address[2] = 0;
  return address;
}
