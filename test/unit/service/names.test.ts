import { expect, test } from "bun:test";
import {
  launchdLabel,
  subjectOfLabel,
  subjectOfUnit,
  taskName,
  unitName,
} from "../../../src/service/names.ts";
import type { Subject } from "../../../src/service/spec.ts";
import { ID } from "./spec.ts";

const SUBJECTS: Subject[] = [
  { kind: "workspace", id: ID },
  { kind: "template" },
  { kind: "fleet" },
];

test("the name of a unit says what it serves", () => {
  expect(SUBJECTS.map(unitName)).toEqual([
    `molecule@${ID}.service`,
    "molecule@.service",
    "molecule.service",
  ]);
  expect(SUBJECTS.map(unitName).map(subjectOfUnit)).toEqual(SUBJECTS);
});

test("so does a label, and the name of a task", () => {
  for (const subject of SUBJECTS.filter(({ kind }) => kind !== "template")) {
    expect(subjectOfLabel(launchdLabel(subject))).toEqual(subject);
    expect(subjectOfLabel(taskName(subject).replace("\\Molecule\\", ""))).toEqual(subject);
  }
});

test.each([
  "molecules.service",
  "molecule.timer",
  "molecule-x.service",
  "molecule@../x.service",
  "ssh.service",
])("%s is none of ours", (name) => {
  expect(subjectOfUnit(name)).toBeUndefined();
});
