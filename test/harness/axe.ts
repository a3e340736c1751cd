/** What the rules of accessibility find wrong with a page. */
import axe from "axe-core";
import type { Page } from "playwright-core";

/** WCAG 2.2 at level AA, and what is good practice beside it. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

interface Result {
  violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[];
}

/** A line for each: the rule, the element, and why. */
export async function violations(page: Page): Promise<string[]> {
  // Past the policy of the page, which lets no script in that is not its own.
  await page.evaluate(axe.source);
  const options = JSON.stringify({ runOnly: RULES, resultTypes: ["violations"] });
  const { violations } = (await page.evaluate(`axe.run(document, ${options})`)) as Result;
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id} (${help}): ${html}: ${failureSummary}`),
  );
}
