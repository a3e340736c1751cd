/** "1 message", "2 messages": a number with what it counts. `more` is for words that do not take an s. */
export function count(n: number, one: string, more = `${one}s`): string {
  return `${n} ${n === 1 ? one : more}`;
}
