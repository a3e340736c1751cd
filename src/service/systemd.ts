/** The unit of a service for systemd: of a user or of the system, for one workspace, as a template, or for a list. */
import { SEAL, sealed } from "./seal.ts";
import { describe, idOf, type ServiceSpec, STOP_MARGIN_SECS, type Subject } from "./spec.ts";
import { hardening } from "./systemd-hardening.ts";
import {
  assignment,
  barePath,
  barePathOfOne,
  execProgram,
  execReference,
  execWord,
} from "./systemd-words.ts";

/** From this version on pauses between restarts can grow. */
const GROWING_PAUSES = 254;

/**
 * Where a service of the system keeps its state. Each has a folder of its own: systemd gives it, and all in it, to
 * the service's user at each start (systemd.exec(5), StateDirectory=).
 */
export function systemState(subject: Subject): string {
  return `/var/lib/${stateDirectory(subject)}`;
}

/**
 * The text of the unit, with its mark. `version` is systemd's, for what older ones don't know; undefined takes a
 * new one. Throws a UsageError for a value that a unit can't hold.
 */
export function systemdUnit(spec: ServiceSpec, version?: number): string {
  const lines = [
    "# Written by `molecule service install`. Change it by a drop-in: systemctl edit keeps this file whole.",
    `# ${SEAL}`,
    ...unit(spec),
    "",
    ...service(spec, version ?? GROWING_PAUSES),
    "",
    "[Install]",
    `WantedBy=${spec.scope === "user" ? "default.target" : "multi-user.target"}`,
  ];
  return sealed(`${lines.join("\n")}\n`);
}

function unit({ subject, scope, documentation }: ServiceSpec): string[] {
  const what = subject.kind === "template" ? "workspace %i" : describe(subject);
  return [
    "[Unit]",
    `Description=Molecule AI bridge of ${what}`,
    `Documentation=${documentation}`,
    ...(scope === "system" ? ["Wants=network-online.target", "After=network-online.target"] : []),
    "# It is never given up: the platform may be away for days.",
    "StartLimitIntervalSec=0",
  ];
}

function service(spec: ServiceSpec, version: number): string[] {
  const { folder, env, envFile, graceSecs } = spec;
  return [
    "[Service]",
    "# It says itself when it is connected, how it is, and that it is alive. Its agents can't speak for it.",
    "Type=notify",
    "NotifyAccess=main",
    `ExecStart=${commandLine(spec)}`,
    `WorkingDirectory=${barePath(folder)}`,
    ...Object.entries(env).map(([name, value]) => `Environment=${assignment(name, value)}`),
    ...(envFile === undefined ? [] : [`EnvironmentFile=${barePathOfOne(envFile)}`]),
    ...identity(spec),
    "",
    "# The first connection is tried several times, with growing pauses.",
    "TimeoutStartSec=15min",
    "WatchdogSec=60",
    "Restart=on-failure",
    "RestartSec=5",
    ...(version >= GROWING_PAUSES ? ["RestartSteps=6", "RestartMaxDelaySec=5min"] : []),
    "# Wrong usage, a refused token, a removed workspace: no restart mends them.",
    "RestartPreventExitStatus=2 3 5",
    "# Stopped at once by a second signal.",
    "SuccessExitStatus=130",
    "# First the bridge alone, which lets its agents finish within --grace-secs; then all that is left.",
    "KillMode=mixed",
    `TimeoutStopSec=${graceSecs + STOP_MARGIN_SECS}`,
    "# An agent that took all memory is one message's failure, and not the bridge's end.",
    "OOMPolicy=continue",
    "",
    ...hardening(spec),
  ];
}

function identity({ scope, runAs, credential, storeFile, subject }: ServiceSpec): string[] {
  if (scope === "user") return [];
  if (runAs !== undefined && !/^[A-Za-z_][\w.-]*\$?$/.test(runAs.name)) {
    throw new Error("the name of the account was not checked");
  }
  return [
    ...(runAs === undefined ? [] : [`User=${runAs.name}`]),
    `StateDirectory=${stateDirectory(subject)}`,
    "StateDirectoryMode=0700",
    ...(credential === undefined
      ? []
      : [
          "# The token as the file has it at the start: after it was rotated, restart the service.",
          `LoadCredential=token:${instance(barePath(credential), subject)}`,
        ]),
    ...(storeFile === undefined ? [] : [`LoadCredential=store:${barePath(storeFile)}`]),
  ];
}

/** Below /var/lib; in a template `%i` is the instance. */
function stateDirectory(subject: Subject): string {
  const end = { workspace: idOf(subject), template: "%i", fleet: "fleet" }[subject.kind];
  return `molecule/${end}`;
}

function commandLine({ program, args, credential, storeFile, subject }: ServiceSpec): string {
  const words = args.map((word) => instance(execWord(word), subject));
  // Known to older versions than %d is.
  const handed = (flag: string, name: string) => [
    flag,
    execReference(`\${CREDENTIALS_DIRECTORY}/${name}`),
  ];
  const token = credential === undefined ? [] : handed("--token-file", "token");
  const store = storeFile === undefined ? [] : handed("--store-file", "store");
  return [execProgram(program), ...words, ...token, ...store].join(" ");
}

/** In a template `%i` is what the operator meant by it, where it was written as text. */
function instance(escaped: string, { kind }: ServiceSpec["subject"]): string {
  return kind === "template" ? escaped.replaceAll("%%i", "%i") : escaped;
}
