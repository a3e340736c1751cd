/**
 * Whether a file descriptor is a terminal. Told by the kind of device, since process.stdout and
 * node:tty cost milliseconds at start-up, so does not tell a terminal from rarities like /dev/zero.
 */
export function isTerminal(fd: 0 | 1 | 2): boolean {
  // Windows has no device numbers to compare.
  if (process.platform === "win32") return process.getBuiltinModule("node:tty").isatty(fd);
  const { fstatSync, statSync } = process.getBuiltinModule("node:fs");
  try {
    const device = fstatSync(fd);
    return device.isCharacterDevice() && device.rdev !== statSync("/dev/null").rdev;
  } catch {
    return false;
  }
}

/**
 * Whether standard error may be coloured: it is a terminal that can, and NO_COLOR (no-color.org) is
 * empty or unset.
 */
export function wantsColor(
  env: Readonly<Record<string, string | undefined>>,
  terminal: () => boolean = () => isTerminal(2),
): boolean {
  return !env["NO_COLOR"] && env["TERM"] !== "dumb" && terminal();
}

/**
 * How many columns a terminal has: `COLUMNS` where that is set, else what the terminal says; undefined
 * where neither tells. Loads node:tty (some milliseconds), so only to be asked of a terminal.
 */
export function columnsOf(
  fd: 1 | 2,
  env: Readonly<Record<string, string | undefined>>,
): number | undefined {
  const told = env["COLUMNS"] ?? "";
  if (/^[1-9]\d{0,3}$/.test(told)) return Number(told);
  const { isatty, WriteStream } = process.getBuiltinModule("node:tty");
  // isTerminal may be wrong about it, and the constructor would throw.
  if (!isatty(fd)) return undefined;
  const [columns] = new WriteStream(fd).getWindowSize();
  return columns > 0 ? columns : undefined;
}
