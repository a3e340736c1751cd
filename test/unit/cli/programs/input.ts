/** Says what came on standard input, as the tool reads it: without an await at the top of the module. */
import { readStandardInput } from "../../../../src/cli/standard-input.ts";

const reading = readStandardInput();
console.error("reading");
void reading.then((text) => Bun.write(Bun.stdout, JSON.stringify(text)));
