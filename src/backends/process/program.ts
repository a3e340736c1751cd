/**
 * The path of a program that may be executed, looked for on the PATH of the environment that it
 * will run in; a name with a slash in it is a path already.
 */
export function findProgram(name: string, env: Record<string, string>): string | undefined {
  // Windows writes `Path`; in our copy of the environment a name's case counts.
  return Bun.which(name, { PATH: env.PATH ?? env.Path ?? "" }) ?? undefined;
}
