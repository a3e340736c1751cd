/** Rows of the feed on standard output, one after the other as they come. */
import { describeParts, readMessage } from "../../a2a/message.ts";
import { readAnswer, readNotice } from "../../a2a/request.ts";
import { cut, pad } from "../../cli/columns.ts";
import type { Context } from "../../cli/command.ts";
import { type Format, jsonOf, outMasked, renderData } from "../../cli/print.ts";
import { columnsOf, isTerminal } from "../../cli/terminal.ts";
import { get, getString, isTooDeep, type JsonObject } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { formatTimestamp, parseTimestamp } from "../../shared/timestamp.ts";
import { GLOBALS } from "../globals.ts";
import type { Names } from "./peer-names.ts";

/** Of what was said: enough to know it by, whoever reads. */
const PREVIEW = 200;

export class RowPrinter {
  readonly #context: Context;
  readonly #format: Format;
  readonly #own: string;
  readonly #names: Names;
  /** Of the terminal, if it is one. */
  readonly #width: number | undefined;

  /** `own`: the workspace whose feed it is. */
  constructor(context: Context, own: string, names: Names) {
    this.#context = context;
    this.#format = context.get(GLOBALS.output);
    this.#own = own;
    this.#names = names;
    this.#width = isTerminal(1) ? columnsOf(1, context.env) : undefined;
  }

  /** A line for a person, a line of JSON, or a document of YAML. Rejects with OutputClosed. */
  async print(row: JsonObject): Promise<void> {
    const { io } = this.#context;
    const safe = writable(row);
    const mask = (text: string) => io.secrets.mask(text);
    if (this.#format === "json") return outMasked(io, `${jsonOf(safe, mask)}\n`);
    if (this.#format === "yaml") {
      return outMasked(io, `---\n${renderData(safe, { format: "yaml", mask })}`);
    }
    return io.out(`${await this.#line(safe)}\n`);
  }

  async #line(row: JsonObject): Promise<string> {
    const word = (key: string) => oneLine(getString(row, key) ?? "-", 40);
    const cells = [
      timeOf(row),
      pad(word("activity_type"), 11),
      await this.#who(row),
      word("method"),
      word("status"),
      // Masked before it is cut, lest half a secret remain.
      oneLine(this.#context.io.secrets.mask(textOf(row)), PREVIEW),
    ];
    const line = cells.join("  ").trimEnd();
    return this.#width === undefined ? line : cut(line, this.#width);
  }

  /** Who wrote to whom; null is the canvas user, and a notice goes there (contract 2.3). */
  async #who(row: JsonObject): Promise<string> {
    const notice = getString(row, "method") === "notify";
    const from = notice ? this.#own : get(row, "source_id");
    const to = notice ? null : get(row, "target_id");
    const name = async (id: unknown) =>
      typeof id === "string" ? this.#names.of(id) : Promise.resolve("canvas");
    if (!notice && (to === null || to === undefined)) return name(from);
    return `${await name(from)} → ${await name(to)}`;
  }
}

function timeOf(row: JsonObject): string {
  const at = parseTimestamp(get(row, "created_at"));
  return at === undefined ? "-" : formatTimestamp(at).replace(/\.\d+Z$/, "Z");
}

/** What was said, or what the platform says of it. */
function textOf(row: JsonObject): string {
  const request = readMessage(get(row, "request_body"));
  const response = get(row, "response_body");
  const found = [
    getString(row, "error_detail"),
    request.text || describeParts(request.parts),
    getString(row, "method") === "notify" ? readNotice(response) : readAnswer(response),
    getString(row, "summary"),
  ];
  return found.find((text) => text !== undefined && text !== "") ?? "";
}

/** The row; without its bodies where these are nested so deeply that writing them would end in an error. */
export function writable(row: JsonObject): JsonObject {
  if (!isTooDeep(row)) return row;
  const { request_body: _request, response_body: _response, tool_trace: _trace, ...rest } = row;
  return rest;
}
