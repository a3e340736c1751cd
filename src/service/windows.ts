/**
 * A task of the Task Scheduler on Windows. It is no service of Windows: such a one has to speak with the service
 * manager, which this program can't. The form is that of the Task Scheduler's schema 1.2, which `schtasks /Create
 * /XML` takes.
 */
import { SEAL, sealed } from "./seal.ts";
import { describe, type ServiceSpec } from "./spec.ts";
import { element } from "./xml.ts";
import { fillable, windowsArguments } from "./windows-words.ts";

/**
 * The text of the task, with its mark. `user` is the account that it runs as, `DOMAIN\name`. It names no encoding:
 * the file's byte order mark does. Throws a UsageError for a value that it can't hold.
 */
export function windowsTask(spec: ServiceSpec, user: string): string {
  const { subject, program, args, folder, scope } = spec;
  const system = scope === "system";
  const lines = [
    '<?xml version="1.0"?>',
    `<!-- ${SEAL} -->`,
    '<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">',
    "  <RegistrationInfo>",
    `    ${element("Description", `Molecule AI bridge of ${describe(subject)}, by molecule service install`)}`,
    "  </RegistrationInfo>",
    "  <Triggers>",
    ...(system
      ? ["    <BootTrigger>", "      <Enabled>true</Enabled>", "    </BootTrigger>"]
      : [
          "    <LogonTrigger>",
          "      <Enabled>true</Enabled>",
          `      ${element("UserId", user)}`,
          "    </LogonTrigger>",
        ]),
    "  </Triggers>",
    "  <Principals>",
    '    <Principal id="Author">',
    `      ${element("UserId", user)}`,
    // S4U: without a kept password, and without the rights of an administrator.
    `      <LogonType>${system ? "S4U" : "InteractiveToken"}</LogonType>`,
    "      <RunLevel>LeastPrivilege</RunLevel>",
    "    </Principal>",
    "  </Principals>",
    "  <Settings>",
    "    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>",
    "    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>",
    "    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>",
    "    <StartWhenAvailable>true</StartWhenAvailable>",
    "    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>",
    "    <RestartOnFailure>",
    "      <Interval>PT1M</Interval>",
    "      <Count>255</Count>",
    "    </RestartOnFailure>",
    "  </Settings>",
    '  <Actions Context="Author">',
    "    <Exec>",
    `      ${element("Command", fillable(program))}`,
    `      ${element("Arguments", windowsArguments(args))}`,
    `      ${element("WorkingDirectory", fillable(folder))}`,
    "    </Exec>",
    "  </Actions>",
    "</Task>",
  ];
  return sealed(`${lines.join("\n")}\n`);
}
