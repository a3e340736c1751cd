/** As whom a service runs. */
import type { Account } from "../../service/spec.ts";
import { MoleculeError, UsageError } from "../../shared/errors.ts";
import type { Machine } from "./machine.ts";
import type { Manager } from "./manager.ts";

/**
 * The account of --run-as, or of who called sudo: never root without being told so. On Windows the account is the
 * task's matter. Rejects with a UsageError where nobody is named, with a MoleculeError where there is no such user.
 */
export async function accountFor(
  given: string | undefined,
  machine: Machine,
): Promise<{ runAs: Account | undefined; warnings: string[] }> {
  if (machine.platform === "win32") {
    return { runAs: given === undefined ? undefined : { name: given, home: "" }, warnings: [] };
  }
  const caller = machine.env["SUDO_USER"] || (machine.uid === 0 ? undefined : machine.user);
  const name = given ?? (caller === "root" ? undefined : caller);
  if (name === undefined) {
    throw new UsageError(
      "whom the service is to run as is not known: you are root",
      "Name a user by --run-as, best one that has nothing else to do.",
    );
  }
  const warnings =
    name === "root"
      ? ["an agent that runs as root may do anything that a message talks it into"]
      : [];
  return { runAs: { name, home: await homeOf(name, machine) }, warnings };
}

/** Stands for a user of another system. */
const SOMEBODY = "USER";

/**
 * The same on another system, where nobody can be asked for: of a user that is not named, and of every home, the
 * usual form. Undefined where the service is its user's own and need not name one.
 */
export function accountElsewhere(
  given: string | undefined,
  { name: manager, scope }: Pick<Manager, "name" | "scope">,
): { runAs: Account | undefined; warnings: string[] } {
  if (manager === "windows") {
    const name = given ?? `COMPUTER\\${SOMEBODY}`;
    return { runAs: { name, home: "" }, warnings: given === undefined ? [standsFor(name)] : [] };
  }
  if (scope === "user") return { runAs: undefined, warnings: [] };
  const name = given ?? SOMEBODY;
  const home = `${manager === "launchd" ? "/Users" : "/home"}/${name}`;
  return { runAs: { name, home }, warnings: given === undefined ? [standsFor(name)] : [] };
}

function standsFor(name: string): string {
  return `${name} stands for the account that it is to run as`;
}

/** As the system has it: after su, HOME may be another user's. */
async function homeOf(name: string, machine: Machine): Promise<string> {
  const mac = machine.platform === "darwin";
  const words = mac
    ? ["dscl", ".", "-read", `/Users/${name}`, "NFSHomeDirectory"]
    : ["getent", "passwd", name];
  const { code, out } = await machine.run(words);
  const home = mac ? /^NFSHomeDirectory:\s*(\/.*)$/m.exec(out)?.[1] : out.trim().split(":")[5];
  if (code === 0 && home?.startsWith("/")) return home;
  throw new MoleculeError(`there is no user ${name} on this machine`, {
    hint: mac
      ? "Name another one by --run-as."
      : `Make one: useradd --system --create-home ${name}; or name another by --run-as.`,
  });
}
