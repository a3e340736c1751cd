/** Begins, once it is known that the page may be seen. */
import { App } from "./app.ts";
import { Calls, type CallError } from "./calls.ts";
import { el } from "./dom.ts";
import { forgetToken, takeToken } from "./session.ts";

const root = document.getElementById("app") as HTMLElement;

/** Instead of the page: why it can't be seen, and what to do. */
function refuse(why: string): void {
  forgetToken();
  document.title = "molecule";
  root.replaceChildren(
    el(
      "main",
      { class: "alone" },
      el("h1", {}, "molecule"),
      el("p", {}, why),
      el(
        "p",
        {},
        "Open the link that ",
        el("code", {}, "molecule dev"),
        " prints when it starts: it ends with the token that lets you in. Or have it open the page: ",
        el("code", {}, "molecule dev --open"),
      ),
    ),
  );
}

async function begin(): Promise<void> {
  const token = await takeToken();
  if (token === undefined)
    return refuse("This page shows messages to you alone, and needs its token.");
  const expired = "The token of this page is not, or no longer, that of the platform.";
  new App(root, new Calls(token), () => refuse(expired)).start();
}

begin().catch((error: CallError) =>
  refuse(error.hint === undefined ? error.message : `${error.message} ${error.hint}`),
);

// The link was pasted into a tab that has the page open already.
window.addEventListener("hashchange", () => {
  if (/^#(?:token|ticket)=/.test(location.hash)) location.reload();
});
