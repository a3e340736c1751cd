/** `molecule backend`: what its commands do. */
import { BACKENDS, DEFAULT_BACKEND } from "../../backends/registry.ts";
import type { Context } from "../../cli/command.ts";
import { describeBackends } from "./backend-help.ts";
import { GLOBALS } from "../globals.ts";
import { show } from "../show.ts";

export async function list(context: Context): Promise<void> {
  const backends = describeBackends(BACKENDS, DEFAULT_BACKEND);
  const format = context.get(GLOBALS.output);
  if (format !== "table") return show(context, backends);
  const rows = backends.flatMap(({ name, summary, options }) => [
    { backend: name, option: "", default: "", summary },
    ...options.map((option) => ({
      backend: name,
      option: option.option,
      default: option.required ? "(required)" : (option.default ?? ""),
      summary: option.summary,
    })),
  ]);
  await show(context, rows, [
    { title: "backend", of: ({ backend }) => backend },
    { title: "option", of: ({ option }) => option },
    { title: "default", of: (row) => row.default },
    { title: "summary", of: ({ summary }) => summary, wrap: true },
  ]);
}
