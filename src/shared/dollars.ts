/** Dollars above zero; undefined for any other text. */
export function parseDollars(text: string): number | undefined {
  if (!/^\d{1,9}(\.\d{1,6})?$/.test(text)) return undefined;
  const dollars = Number(text);
  return dollars > 0 ? dollars : undefined;
}
