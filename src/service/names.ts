/** What services are called, and which workspace a name speaks of. */
import { isWorkspaceId } from "../shared/ids.ts";
import { idOf, type Subject } from "./spec.ts";

/** The name of its unit: `molecule@<workspace-id>.service`, the template of those, or `molecule.service`. */
export function unitName(subject: Subject): string {
  const end = { workspace: idOf(subject), template: "", fleet: undefined }[subject.kind];
  return end === undefined ? "molecule.service" : `molecule@${end}.service`;
}

/** The label for launchd; a template is nothing that it knows. */
export function launchdLabel(subject: Subject): string {
  return `ai.molecule.${idOf(subject) ?? "fleet"}`;
}

/** The path of the task in the Task Scheduler. */
export function taskName(subject: Subject): string {
  return `\\Molecule\\${idOf(subject) ?? "fleet"}`;
}

/** What a unit of that name serves; undefined for one that is none of ours. */
export function subjectOfUnit(name: string): Subject | undefined {
  const [, at, id] = /^molecule(@?)(.*)\.service$/.exec(name) ?? [];
  if (at === undefined || id === undefined) return undefined;
  if (at === "") return id === "" ? { kind: "fleet" } : undefined;
  return id === "" ? { kind: "template" } : workspace(id);
}

/** The same for a label of launchd or the last part of a task's path. */
export function subjectOfLabel(label: string): Subject | undefined {
  const id = label.replace(/^ai\.molecule\./, "");
  return id === "fleet" ? { kind: "fleet" } : workspace(id);
}

function workspace(id: string): Subject | undefined {
  return isWorkspaceId(id) ? { kind: "workspace", id } : undefined;
}
