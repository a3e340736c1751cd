/** A row in full, for what was clipped. */

/** The row as indented JSON. */
export function asJson(row: string): string {
  try {
    return JSON.stringify(JSON.parse(row), null, 2);
  } catch {
    // Nested too deeply to be indented.
    return row;
  }
}

/** All that the row says; as JSON where it is not said in one of the usual places. */
export function wholeText(row: string): string {
  let parsed: Row;
  try {
    parsed = JSON.parse(row) as Row;
  } catch {
    return row;
  }
  const { result } = parsed.response_body ?? {};
  if (typeof result === "string") return result;
  const parts = parsed.request_body?.params?.message?.parts;
  const texts = Array.isArray(parts)
    ? parts.map((part) => part?.text).filter((text) => typeof text === "string")
    : [];
  return texts.length > 0 ? texts.join("\n") : asJson(row);
}

interface Row {
  request_body?: { params?: { message?: { parts?: ({ text?: unknown } | null)[] } } };
  response_body?: { result?: unknown };
}
