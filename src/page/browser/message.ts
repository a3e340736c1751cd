/** One message, as it is shown in a conversation and in the traffic between peers. */
import type { PageRow, Said } from "../wire.ts";
import { el, isolated, type Child } from "./dom.ts";
import type { Deeds } from "./deeds.ts";
import { fileList, saveAs } from "./files.ts";
import type { Tail } from "./keyed-list.ts";
import type { Pending } from "./model.ts";
import { clockTime, sizeOf, type Step, wholeTime } from "./words.ts";

/** Of one text, so many characters: a browser takes a minute to lay out 16 MB of them. */
const MAX_SHOWN = 200_000;

/** Who speaks to whom. */
export interface Roles {
  from: string;
  /** Named for messages between peers. */
  to?: string;
  /** It goes from the workspace that is looked at to another one. */
  isOut?: boolean;
}

/** A message; where it stands is its tail ({@link stepTail}). */
export function message(row: PageRow, { from, to, isOut }: Roles, deeds: Deeds): HTMLElement {
  return el(
    "li",
    { class: `message ${isOut ? "out" : row.kind}`, "data-row": row.id },
    el(
      "article",
      { "aria-label": `${from}${to === undefined ? "" : ` to ${to}`}, ${clockTime(row.at)}` },
      heading(from, to, row.at),
      ...saidBy(row.said, row.id, deeds),
      row.error === null ? null : el("p", { class: "problem" }, row.error),
      el("div", { "data-tail": true }),
    ),
  );
}

/** Where a message stands, and what can be done about it. */
export function stepTail(row: PageRow, step: Step, isDead: boolean, deeds: Deeds): Tail {
  const fill = () => [
    el("p", { class: `step ${step.tone}` }, step.word),
    ...(isDead ? [retryButton(row, deeds)] : []),
  ];
  return { made: `${step.word} ${isDead}`, fill };
}

/** What an agent in push mode has answered in the same row. */
export function answer(row: PageRow, said: Said, from: string, deeds: Deeds): HTMLElement {
  return el(
    "li",
    { class: "message agent", "data-row": `${row.id} answer` },
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
  const files = fileList(said.files, deeds.files);
  if (said.clipped) return [text, moreButton(text, rowId, deeds), files];
  return [said.text === "" ? null : text, files];
}

/** The row as it is: its text has no other form that is whole. */
function moreButton(text: HTMLElement, rowId: string, deeds: Deeds): HTMLElement {
  const button = el("button", { type: "button" }, "Show all of it");
  const show = (whole: string) => {
    const [shown, isAll] = [whole.slice(0, MAX_SHOWN), whole.length <= MAX_SHOWN];
    text.replaceChildren(isAll ? shown : `${shown}…`);
    if (!isAll) {
      const save = () => saveAs(`message-${rowId.slice(0, 8)}.txt`, whole);
      button.after(el("button", { type: "button", onclick: save }, "Save all of it"));
    }
    // What takes the place of the button is what it has brought.
    text.tabIndex = -1;
    if (document.activeElement === button) text.focus();
    button.remove();
  };
  const problem = el("span", { role: "status" });
  onceAtATime(button, problem, () => deeds.whole(rowId).then(show));
  return el("p", { class: "deeds" }, button, problem);
}

function retryButton({ id, workspaceId }: PageRow, deeds: Deeds): HTMLElement {
  const problem = el("span", { role: "status" });
  const button = el("button", { type: "button", "data-focus": "retry" }, "Try again");
  onceAtATime(button, problem, () => deeds.retry(workspaceId, id));
  return el("p", { class: "deeds" }, button, problem);
}

/** Not by `disabled`, which would take the focus away. */
function onceAtATime(button: HTMLElement, problem: HTMLElement, work: () => Promise<void>): void {
  let isBusy = false;
  const become = (busy: boolean) => {
    isBusy = busy;
    button.setAttribute("aria-disabled", String(busy));
  };
  button.addEventListener("click", () => {
    if (isBusy) return;
    become(true);
    problem.replaceChildren();
    work()
      .catch((error: Error) => problem.replaceChildren(error.message))
      .finally(() => become(false));
  });
}
