/**
 * A free port that stays free while nothing listens on it: below those that the system hands out by
 * itself, to servers on port 0 and to the near end of every connection.
 */
export function freePort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      Bun.listen({ hostname: "127.0.0.1", port, socket: { data() {} } }).stop(true);
      return port;
    } catch {
      // Taken: another one.
    }
  }
}
