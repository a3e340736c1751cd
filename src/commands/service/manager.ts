/** What manages services: systemd, launchd, or the Task Scheduler of Windows. */
import type { ServiceSpec, Subject } from "../../service/spec.ts";
import { UsageError } from "../../shared/errors.ts";

export const MANAGERS = ["systemd", "launchd", "windows"] as const;

export type ManagerName = (typeof MANAGERS)[number];

export type Scope = ServiceSpec["scope"];

/** How a service is. */
export interface ServiceState {
  readonly kind:
    "running" | "starting" | "restarting" | "stopping" | "stopped" | "failed" | "unknown";
  readonly pid: number | undefined;
  /** What it says of itself, or how it ended. */
  readonly detail: string;
}

export interface Manager {
  readonly name: ManagerName;
  readonly scope: Scope;
  /** What the service is called there. */
  nameOf(subject: Subject): string;
  /** Absolute path of its file. */
  fileOf(subject: Subject): string;
  /** The file's text, with its mark. Throws a UsageError for what can't be written. */
  render(spec: ServiceSpec): string;
  /** The text as it has to lie in the file. */
  encode(text: string): string | Uint8Array;
  /** Rejects with a MoleculeError where there is no such manager to speak to. */
  reach(): Promise<void>;
  /** What has this name already, as a clause's end, where no file of ours has made it; else undefined. */
  holder(subject: Subject): Promise<string | undefined>;
  /** Has it read the file, starts it, and has it started from now on. Rejects with a MoleculeError. */
  start(subject: Subject): Promise<void>;
  /** Stops it, and has it not started again. Rejects with a MoleculeError. */
  stop(subject: Subject): Promise<void>;
  /** Takes notice that the file is gone. */
  forget(subject: Subject): Promise<void>;
  /** Of the services that this tool may have installed; never rejects. */
  subjects(): Promise<Subject[]>;
  /** Never rejects. */
  state(subject: Subject): Promise<ServiceState>;
  /** The command line or file that shows what it says. */
  logOf(subject: Subject): string;
  /** What else has to be known after it was started. */
  advice(): Promise<string | undefined>;
}

/** The refusal of a template, by managers that know none. */
export function noTemplates(manager: string): UsageError {
  return new UsageError(`${manager} has no templates`, "Install one service for each workspace.");
}

/** The refusal of --env-file, by managers that read none. */
export function noEnvFile(manager: string): UsageError {
  return new UsageError(
    `${manager} reads no file of variables`,
    "Let the backend be a script that reads it (--backend exec).",
  );
}
