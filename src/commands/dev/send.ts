/** `molecule dev send` as it is declared. */
import { command, type Values } from "../../cli/command.ts";
import { flag } from "../../cli/flag.ts";
import { WORKSPACES } from "../which/workspace-offer.ts";
import { decimalProblem, runningFlags } from "./flags.ts";

const flags = {
  n: flag({ type: "integer", summary: "how many messages", default: 100, min: 1, max: 100_000 }),
  rate: flag({
    type: "string",
    summary: "how many a second; a slow platform does not slow it down",
    default: "20",
    placeholder: "n",
    check: (value) => decimalProblem(value, 0.01, 10_000),
  }),
  from: flag({
    type: "string",
    summary: "who sends them, in turn: canvas, and workspaces by name or id",
    default: "canvas,ada,ben",
    placeholder: "names",
  }),
  text: flag({
    type: "string",
    summary: "what they say; {i}, {n}, {from} and {code} are filled in",
    default: "message {i} of {n} from {from} ({code})",
    placeholder: "template",
  }),
  wait: flag({ type: "boolean", summary: "wait for the answers", default: true }),
  timeout: flag({
    type: "duration",
    summary: "how long to wait after the last message was due",
    default: "60s",
    min: "1s",
    max: "24h",
  }),
  seed: flag({
    type: "integer",
    summary: "chooses who sends which message; the same again with the same one",
    default: 1,
    min: 0,
    max: 4_294_967_295,
    advanced: true,
  }),
  concurrency: flag({
    type: "integer",
    summary: "requests that may be open at a time; a message beyond that starts late",
    default: 200,
    min: 1,
    max: 240,
    advanced: true,
  }),
  ...runningFlags,
};

const positionals = [
  {
    name: "workspace",
    summary: 'workspace to send to, by name or id; "agent" if not given',
    complete: WORKSPACES,
  },
] as const;

export type SendValues = Values<typeof flags, typeof positionals>;

export const send = command({
  name: "send",
  summary: "send many messages to an agent, and count the answers",
  description: `Sends messages at a steady rate to a platform of 'molecule dev', waits for their answers, and tells
what came of them: refused, unanswered, answered twice or out of order, and how long it took. What is
refused for the moment is sent again, under the same message id.

Exits with 0 if all were answered once (with --no-wait: if all were sent), else with 1.`,
  more: `Answers to workspaces name their message. Those to the canvas name none: they are told by the {code}
of the text if they repeat it, and by their order if not. Answer times count from when a message was due.`,
  flags,
  positionals,
  examples: [
    "molecule dev send",
    "molecule dev send --n 100 --rate 20 --from ada,ben",
    "molecule dev send my-agent --n 10 --text 'what is {i} times {i}?'",
  ],
  run: async (values, context) => (await import("./send-run.ts")).run(values, context),
});
