/** As whom the servers of the tests run: Postgres refuses to do so as root. Undefined is this process's own user. */
const NOBODY = 65534;

export const SERVER_USER: { uid: number; gid: number } | undefined =
  process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined;
