/** Every row of a workspace's feed, as the platform has it. */
import type { PageRow, PageWorkspace } from "../wire.ts";
import { el, isolated } from "./dom.ts";
import type { Entry } from "./keyed-list.ts";
import type { Deeds } from "./deeds.ts";
import type { Model } from "./model.ts";
import { clockTime, isThere, stepOf, wholeTime } from "./words.ts";

/** A page stays usable with a row of megabytes in it. */
const MAX_SHOWN = 200_000;

export function activity(
  model: Model,
  workspace: PageWorkspace,
  rows: readonly PageRow[],
  deeds: Pick<Deeds, "row">,
): Entry[] {
  return rows.map((row) => {
    // A bridge passes over all others, and has settled them with that.
    const isMessage = row.kind === "user" || row.kind === "peer";
    const standing = isMessage ? model.standingOf(row) : undefined;
    const step = standing === undefined ? "" : stepOf(standing, isThere(workspace)).word;
    const source = row.sourceId === null ? "" : model.nameOf(row.sourceId);
    const fill = () => (step === "" ? [] : [isolated(`(${step})`)]);
    const make = () => line(row, source, deeds);
    return { key: row.id, made: source, make, tail: { made: step, fill } };
  });
}

function line(row: PageRow, source: string, deeds: Pick<Deeds, "row">): HTMLElement {
  const { at, type, method, status, summary } = row;
  const body = el("pre", { tabindex: "0", "aria-label": "The row" }, "…");
  const details = el(
    "details",
    {},
    el(
      "summary",
      {},
      el("time", { datetime: new Date(at).toISOString(), title: wholeTime(at) }, clockTime(at)),
      " ",
      el("code", {}, method === null ? type : `${type} ${method}`),
      source === "" ? null : el("span", {}, " from ", isolated(source)),
      status === "ok" ? null : el("span", { class: "problem" }, ` ${status}`),
      ...(summary === null ? [] : [" ", isolated(summary)]),
      " ",
      el("span", { class: "dim", "data-tail": true }),
    ),
    body,
  );
  let isAsked = false;
  details.addEventListener("toggle", () => {
    if (!details.open || isAsked) return;
    isAsked = true;
    deeds.row(row.id).then(
      (text) => body.replaceChildren(shorten(text)),
      (error: Error) => {
        isAsked = false;
        body.replaceChildren(error.message);
      },
    );
  });
  return el("li", { class: "row", "data-row": row.id }, details);
}

function shorten(text: string): string {
  if (text.length <= MAX_SHOWN) return text;
  return `${text.slice(0, MAX_SHOWN)}\n… ${text.length - MAX_SHOWN} more characters`;
}
