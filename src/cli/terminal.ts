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
