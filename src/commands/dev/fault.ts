/** `molecule dev fault` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { FAULT_KINDS } from "../../dev/fault-kinds.ts";
import { decimalProblem, runningFlags } from "./flags.ts";

const flags = {
  rate: flag({
    type: "string",
    summary: "share of the requests that it strikes",
    default: "1",
    placeholder: "0..1",
    check: (value) => decimalProblem(value, 0, 1),
  }),
  for: flag({
    type: "duration",
    summary: "how long it lasts",
    default: "30s",
    min: "1ms",
    max: "1h",
  }),
  seed: flag({
    type: "integer",
    summary: "chooses which requests; the same again with the same one",
    default: 1,
    min: 0,
    max: 4_294_967_295,
  }),
  path: flag({ type: "string", summary: "strike only requests whose path has this in it" }),
  delay: flag({
    type: "duration",
    summary: "with delay: how late the answer is; 2s if not given",
    max: "10m",
  }),
  retryAfter: flag({
    type: "duration",
    summary: "with a status: when to come again, in whole seconds; 1s for 429",
    max: "24h",
    advanced: true,
  }),
  ...runningFlags,
};

/** What a shell offers; any status may be given. */
const OFFERED = [
  { value: "429", summary: "too many requests" },
  { value: "503", summary: "not available" },
  ...Object.entries(FAULT_KINDS).map(([value, summary]) => ({ value, summary })),
  { value: "list", summary: "show what is set" },
  { value: "clear", summary: "end one, or all" },
];

const KIND_LINES = Object.entries(FAULT_KINDS)
  .map(([kind, does]) => `  ${kind.padEnd(5)}  ${does}`)
  .join("\n");

const positionals = [
  {
    name: "kind",
    summary: "what happens, as above; or list, or clear",
    required: true,
    complete: OFFERED,
  },
  { name: "id", summary: "with clear: the fault to end; all if not given" },
] as const;

export type FaultValues = Values<typeof flags, typeof positionals>;

export const fault = command({
  name: "fault",
  summary: "have the platform fail for a while, to see what an agent makes of it",
  description: `Has a running platform of 'molecule dev' answer a share of the requests wrongly: with a status from 400
to 599 (429, 503, …), or

${KIND_LINES}

'list' shows what is set, and what it has struck; 'clear' ends one, or all.`,
  flags,
  positionals,
  examples: [
    "molecule dev fault 429 --rate 0.3 --for 30s --seed 7",
    "molecule dev fault lost --path /a2a",
    "molecule dev fault list",
  ],
  run: async (values, context) => (await import("./fault-run.ts")).run(values, context),
});
