/**
 * The README's pictures of the page: a real conversation with a real agent, in both themes, to
 * .github/page-light.png and page-dark.png. Needs Chromium on the PATH; the folder of another place may be given.
 */
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { CHROMIUM } from "./chromium.ts";
import { BINARY, ROOT, setUp } from "./set-up.ts";
import { withTempFolder } from "./temp-folder.ts";

const LIMIT_MS = 20_000;
const THEMES = ["light", "dark"] as const;

/** Answers at once, in a while, or not at all. */
const AGENT = `read -r question
case $question in
  *workspace*) echo 'One agent on the canvas. This one runs on your machine: I am a shell script of six lines.' ;;
  *secret*) echo 'the vault is locked' >&2; exit 65 ;;
  *) sleep 60 ;;
esac
`;

const ASKED = [
  { text: "What is a workspace?", until: "settled" },
  { text: "Tell me a secret", until: "given up" },
  { text: "Then think about it for a while", until: "running" },
];

const to = process.argv[2] ?? join(ROOT, ".github");
setUp();
const executablePath = CHROMIUM;
if (executablePath === undefined) throw new Error("there is no Chromium on the PATH");
await withTempFolder("molecule-screenshot-", async (folder) => {
  await Bun.write(join(folder, "agent.sh"), AGENT);
  const dev = startPlatform(folder);
  const browser = await chromium.launch({ executablePath });
  try {
    const { page_url } = JSON.parse(await firstLine(dev.stdout)) as { page_url: string };
    const page = await browser.newPage({
      viewport: { width: 960, height: 760 },
      deviceScaleFactor: 1.5,
      locale: "en-GB",
    });
    page.setDefaultTimeout(LIMIT_MS);
    await page.goto(page_url);
    await page.getByText("woken by the event stream").waitFor();
    for (const { text, until } of ASKED) await ask(page, text, until);
    for (const theme of THEMES) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
      await page.screenshot({ path: join(to, `page-${theme}.png`) });
    }
  } finally {
    await browser.close();
    // The last message is never answered: at once, without waiting for it.
    dev.kill("SIGQUIT");
    await dev.exited;
  }
});

function startPlatform(folder: string): Bun.Subprocess<"ignore", "pipe", "inherit"> {
  const backend = ["--connect", "--backend", "exec", "--backend-opt", "cmd=sh agent.sh"];
  return Bun.spawn([BINARY, "dev", "--ephemeral", "--port", "0", "-o", "json", ...backend], {
    cwd: folder,
    env: { ...process.env, HOME: folder, USERPROFILE: folder },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const [line, rest] = text.split("\n");
    if (line !== undefined && rest !== undefined) return line;
  }
  throw new Error("the platform ended before it was ready");
}

async function ask(page: Page, text: string, until: string): Promise<void> {
  const writing = page.getByRole("textbox", { name: "Message" });
  await writing.fill(text);
  await writing.press("Enter");
  const message = page.getByRole("listitem").filter({ hasText: text });
  await message.getByText(until).waitFor();
}
