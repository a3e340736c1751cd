/** One message, as it is shown in a conversation and in the traffic between peers. */
import type { PageRow, Said, Standing } from "../wire.ts";
import { el, isolated, type Child } from "./dom.ts";
import { type Fetcher, fileList } from "./files.ts";
import type { Pending } from "./model.ts";
import { clockTime, sizeOf, stepOf, wholeTime } from "./words.ts";

/** What a message can be asked to do. */
export interface Deeds {
  fetcher: Fetcher;
  /** Has a dead letter tried again; rejects with an Error. */
  retry(workspaceId: string, activityId: string): Promise<void>;
  /** The whole text of a message that was clipped; rejects with an Error. */
  whole(activityId: string): Promise<string>;
  /** Sends a message again that could not be sent, or takes it back to where it was written. */
  resend(pending: Pending): void;
  edit(pending: Pending): void;
}

/** What is known of a message beside its row. */
export interface Around {
  from: string;
  /** Named for messages between peers. */
  to?: string;
  /** It goes from the workspace that is looked at to another one. */
  isOut?: boolean;
  standing: Standing | undefined;
  /** Whether somebody is there to answer it. */
  isOnline: boolean;
  /** Whether where it stands is shown at all: not for what an agent says to the canvas. */
  hasStep: boolean;
}

export function message(row: PageRow, around: Around, deeds: Deeds): HTMLElement {
  const { from, to, standing, hasStep } = around;
  const step = hasStep ? stepOf(standing, around.isOnline) : undefined;
  return el(
    "li",
    { class: `message ${around.isOut ? "out" : row.kind}`, "data-row": row.id },
    el(
      "article",
      { "aria-label": `${from}${to === undefined ? "" : ` to ${to}`}, ${clockTime(row.at)}` },
      heading(from, to, row.at),
      ...saidBy(row.said, row.id, deeds),
      row.error === null ? null : el("p", { class: "problem" }, row.error),
      step === undefined ? null : el("p", { class: `step ${step.tone}` }, step.word),
      standing?.state === "dead" ? retryButton(row, deeds) : null,
    ),
  );
}

/** What an agent in push mode has answered in the same row. */
export function answer(row: PageRow, said: Said, from: string, deeds: Deeds): HTMLElement {
  return el(
    "li",
    { class: "message agent" },
    el(
      "article",
      { "aria-label": `${from}, ${clockTime(row.at)}` },
      heading(from, undefined, row.at),
      ...saidBy(said, row.id, deeds),
    ),
  );
}

/** A message that the feed does not show yet. */
export function pendingMessage(pending: Pending, deeds: Deeds): HTMLElement {
  const { text, files, at, state, problem } = pending;
  const act = (word: string, deed: (one: Pending) => void) =>
    el("button", { type: "button", onclick: () => deed(pending) }, word);
  return el(
    "li",
    { class: "message user pending" },
    el(
      "article",
      { "aria-label": `You, ${clockTime(at)}` },
      heading("You", undefined, at),
      text === "" ? null : el("p", { class: "text", dir: "auto" }, text),
      files.length === 0
        ? null
        : el(
            "ul",
            { class: "files", "aria-label": "Files" },
            ...files.map((file) => el("li", {}, isolated(file.name), ` ${sizeOf(file.size)}`)),
          ),
      state === "failed"
        ? el(
            "p",
            { class: "step bad", role: "alert" },
            `not sent: ${problem ?? "the platform does not answer"}`,
          )
        : el("p", { class: "step quiet" }, state === "sending" ? "sending…" : "sent"),
      state === "failed"
        ? el("p", { class: "deeds" }, act("Send again", deeds.resend), act("Edit", deeds.edit))
        : null,
    ),
  );
}

function heading(from: string, to: string | undefined, at: number | string): HTMLElement {
  return el(
    "header",
    {},
    el("strong", {}, isolated(from)),
    ...(to === undefined ? [] : [" to ", el("strong", {}, isolated(to))]),
    " ",
    el("time", { datetime: new Date(at).toISOString(), title: wholeTime(at) }, clockTime(at)),
  );
}

function saidBy(said: Said, rowId: string, deeds: Deeds): Child[] {
  const text = el("p", { class: "text", dir: "auto" }, said.text);
  const files = fileList(said.files, deeds.fetcher);
  if (said.clipped) return [text, moreButton(text, rowId, deeds), files];
  return [said.text === "" ? null : text, files];
}

/** The row as it is: its text has no other form that is whole. */
function moreButton(text: HTMLElement, rowId: string, deeds: Deeds): HTMLElement {
  const button = el("button", { type: "button", "data-focus": "more" }, "Show all of it");
  button.addEventListener("click", () => {
    button.disabled = true;
    deeds.whole(rowId).then(
      (whole) => {
        text.replaceChildren(whole);
        button.remove();
      },
      (error: Error) => {
        button.disabled = false;
        button.replaceChildren(`Show all of it (${error.message})`);
      },
    );
  });
  return button;
}

function retryButton({ id, workspaceId }: PageRow, deeds: Deeds): HTMLElement {
  const problem = el("span", { role: "status" });
  const button = el("button", { type: "button", "data-focus": "retry" }, "Try again");
  button.addEventListener("click", () => {
    button.disabled = true;
    deeds.retry(workspaceId, id).catch((error: Error) => {
      button.disabled = false;
      problem.replaceChildren(` ${error.message}`);
    });
  });
  return el("p", { class: "deeds" }, button, problem);
}
