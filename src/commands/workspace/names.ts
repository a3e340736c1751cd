/** What the platform takes for the texts of a workspace (contract 3.1, 7). */

/** Characters, at most. */
const MOST = { name: 255, role: 1_000, model: 100, runtime: 100 };

/** What is wrong with a name, as a phrase after a flag's name; undefined where it is fit. */
export function nameProblem(name: string): string | undefined {
  if (/[{}[\]|>*&!]/.test(name)) return "must have none of {}[]|>*&!";
  if (name.trim() === "") return "must say something";
  return lengthProblem("name")(name);
}

export function lengthProblem(what: keyof typeof MOST): (text: string) => string | undefined {
  return (text) =>
    text.length > MOST[what] ? `must have at most ${MOST[what]} characters` : undefined;
}
