/** `molecule service status`: which services there are, and whether they run. */
import type { Context } from "../../cli/command.ts";
import type { Column } from "../../cli/print.ts";
import type { Subject } from "../../service/spec.ts";
import { ExitCode, messageOf } from "../../shared/errors.ts";
import { show } from "../show.ts";
import type { StatusValues } from "./index.ts";
import { type Machine, thisMachine } from "./machine.ts";
import type { Manager, ServiceState } from "./manager.ts";
import { managerFor } from "./managers.ts";
import { lookAt } from "./service-file.ts";
import { requireKnown } from "../which/workspace-id.ts";

/** Ends with 1 where something does not run, and where there is nothing. */
export async function run(
  values: StatusValues,
  context: Context,
  machine: Machine = thisMachine(context),
): Promise<ExitCode> {
  const { workspaceId, system } = values;
  const id = workspaceId === undefined ? undefined : await requireKnown(workspaceId, context.env);
  const managers = (system ? ["system" as const] : ["user" as const, "system" as const]).map(
    (scope) => managerFor(machine, scope),
  );
  const rows: Row[] = [];
  for (const manager of managers) rows.push(...(await rowsOf(manager, id)));
  const none = id === undefined ? "no services are installed" : `no service is installed for ${id}`;
  const missing = rows.length === 0 ? await missingManager(managers) : undefined;
  await show(context, rows, COLUMNS, {
    empty: missing === undefined ? none : `${none}: ${missing}`,
  });
  const counting = rows.filter(({ kind }) => kind !== "template");
  const isWell = counting.length > 0 && counting.every(({ state }) => state === "running");
  return isWell ? ExitCode.ok : ExitCode.failed;
}

/** Why there can be none: no manager of services is to be found; undefined where there is one. */
async function missingManager(managers: readonly Manager[]): Promise<string | undefined> {
  const faults = await Promise.all(
    managers.map((manager) => manager.reach().then(() => undefined, messageOf)),
  );
  if (faults.includes(undefined)) return undefined;
  return `no manager of services was found here (${faults.at(-1)})`;
}

interface Row {
  service: string;
  kind: Subject["kind"];
  workspace: string | undefined;
  manager: Manager["name"];
  scope: Manager["scope"];
  state: ServiceState["kind"] | "template";
  pid: number | undefined;
  detail: string;
  file: string | undefined;
  /** Whose the file is. */
  file_state: string | undefined;
}

const COLUMNS: Column<Row>[] = [
  { title: "service", of: ({ service }) => service },
  { title: "scope", of: ({ scope }) => scope },
  { title: "state", of: ({ state }) => state, tone },
  { title: "pid", of: ({ pid }) => pid, align: "right" },
  { title: "detail", of: ({ detail }) => detail, wide: true },
  { title: "file", of: ({ file_state }) => file_state, wide: true },
];

async function rowsOf(manager: Manager, id: string | undefined): Promise<Row[]> {
  const subjects = (await manager.subjects()).filter(
    (subject) => id === undefined || (subject.kind === "workspace" && subject.id === id),
  );
  return Promise.all(subjects.map((subject) => rowOf(manager, subject)));
}

async function rowOf(manager: Manager, subject: Subject): Promise<Row> {
  const { kind } = subject;
  const path = manager.fileOf(subject);
  const found = await lookAt(path).catch(() => undefined);
  const state = kind === "template" ? undefined : await manager.state(subject);
  return {
    service: manager.nameOf(subject),
    kind,
    workspace: kind === "workspace" ? subject.id : undefined,
    manager: manager.name,
    scope: manager.scope,
    state: state?.kind ?? "template",
    pid: state?.pid,
    detail: state?.detail ?? "",
    file: found === undefined ? undefined : path,
    // An instance of the template has no file of its own.
    file_state: found?.standing,
  };
}

function tone(row: Row) {
  return row.state === "running" ? "good" : row.state === "template" ? undefined : "bad";
}
