import { writeSync } from "node:fs";
import { standardError } from "../../../../src/cli/standard-error.ts";

/**
 * Tells `count` lines on standard error, and on standard output how long the event loop stood still
 * at most (ms). Goes on when its standard input ends: one more line, and the end.
 */
const count = Number(process.argv[2]);
const name = process.argv[3] ?? "line";

let longest = 0;
let last = performance.now();
const beat = setInterval(() => {
  longest = Math.max(longest, performance.now() - last);
  last = performance.now();
}, 1);
for (let i = 0; i < count; i++) {
  standardError.add(`${name} ${i} ${"x".repeat(80)}`);
  if (i % 100 === 99) await Bun.sleep(0);
}
await Bun.sleep(20);
clearInterval(beat);
writeSync(1, `stood still for ${Math.round(longest)} ms\n`);
await Bun.stdin.text();
standardError.add(`${name} last`);
await standardError.flush(20_000);
process.exit(0);
