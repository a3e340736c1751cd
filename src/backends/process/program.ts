import { oneLine } from "../../shared/text.ts";

/**
 * The path of a program that may be executed, looked for on the PATH of the environment that it
 * will run in; a name with a slash in it is a path already.
 */
export function findProgram(name: string, env: Record<string, string>): string | undefined {
  // Windows writes `Path`; in our copy of the environment a name's case counts.
  return Bun.which(name, { PATH: env.PATH ?? env.Path ?? "" }) ?? undefined;
}

/** Why there is no such program, where {@link findProgram} has found none. */
export function notFound(name: string): string {
  const where = /[\\/]/.test(name) ? "" : " on the PATH";
  return `the program ${oneLine(name)} was not found${where}, or is not executable`;
}
