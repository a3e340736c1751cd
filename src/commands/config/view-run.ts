/** `molecule config view`: files, variables, tokens and what they come to. */
import { align } from "../../cli/columns.ts";
import type { Context } from "../../cli/command.ts";
import { printable } from "../../shared/text.ts";
import { GLOBALS } from "../globals.ts";
import { show } from "../show.ts";
import { cellOf, endOnFault, recordOf, warnOf } from "./list-run.ts";
import {
  type ConfigReport,
  describeConfig,
  type FileReport,
  type ValueReport,
} from "../../cli/config/describe.ts";

/** Prints what counts. Ends with 2 after it where a file is faulty. */
export async function view(context: Context): Promise<void> {
  const report = await describeConfig(context);
  const tokens = TOKENS.map((names) => tokenOf(report, names));
  if (context.get(GLOBALS.output) === "table") {
    await context.io.out(printable(`${textOf(report, tokens).join("\n")}\n`));
  } else {
    const { files, values, variables } = report;
    await show(context, { files, variables, tokens, values: values.map(recordOf) });
  }
  warnOf(report.values, context);
  await endOnFault(context);
}

interface TokenNames {
  token: string;
  key: string;
  fileKey: string;
  otherwise: string;
}

const TOKENS: readonly TokenNames[] = [
  {
    token: "workspace",
    key: "token",
    fileKey: "token_file",
    otherwise: "not given; a bridge takes one that it was handed at an earlier registration",
  },
  {
    token: "admin or organisation",
    key: "api_token",
    fileKey: "api_token_file",
    otherwise: "not given",
  },
];

interface TokenReport {
  token: string;
  /** In words; never the token itself. */
  from: string;
  origin: string | null;
}

/** Where a token would come from: a value stands before a file. */
function tokenOf(
  { values }: ConfigReport,
  { token, key, fileKey, otherwise }: TokenNames,
): TokenReport {
  const [value, file] = [key, fileKey].map((one) => values.find((report) => report.key === one));
  if (value?.value === "set") return { token, from: String(value.origin), origin: value.origin };
  if (typeof file?.value === "string") {
    return { token, from: `the file ${file.value}`, origin: file.origin };
  }
  return { token, from: otherwise, origin: null };
}

function textOf(
  { files, values, variables }: ConfigReport,
  tokens: readonly TokenReport[],
): string[] {
  const isSet = ({ source, secret }: ValueReport) =>
    !secret && source !== "default" && source !== "unset";
  const set = values.filter(isSet);
  return [
    "Files, the first one counts most:",
    ...rows(files.map((file) => [file.path, stateOf(file)])),
    "",
    `Variables that count: ${variables.length === 0 ? "none" : variables.join(", ")}`,
    "",
    "Tokens:",
    ...rows(
      tokens.map(({ token, from, origin }) => [
        token,
        origin === null || origin === from ? from : `${from} (${origin})`,
      ]),
    ),
    "",
    set.length === 0 ? "Nothing is set; all keys have their defaults." : "What is set:",
    ...rows(set.map(({ key, value, origin }) => [key, String(cellOf(value)), origin ?? ""])),
  ];
}

function rows(cells: readonly (readonly string[])[]): string[] {
  return align(cells).map((line) => `  ${line}`);
}

function stateOf({ exists, kind, trust, problems }: FileReport): string {
  if (!exists) return "not there";
  const states: Record<FileReport["trust"], string> = {
    own: kind === "file" ? "read in place of the others" : "read",
    trusted: "read, trusted",
    untrusted: "read, not trusted",
    changed: "read, changed since it was trusted",
  };
  const [first] = problems;
  if (first === undefined) return states[trust];
  const place = first.line === null ? "" : `line ${first.line}: `;
  return `faulty: ${place}${first.message}`;
}
