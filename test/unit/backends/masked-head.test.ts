import { expect, test } from "bun:test";
import fc from "fast-check";
import { maskedHead, slackBytes } from "../../../src/backends/masked-head.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { anyText } from "./support.ts";

const SECRET = "canary+0123456789";
const secrets = new Secrets();
secrets.add(SECRET);
const forms = [SECRET, encodeURIComponent(SECRET), Buffer.from(SECRET).toString("base64")];

test("wherever a text is cut, no part of a secret is at its end", () => {
  for (const form of forms) {
    const text = `${form} and so on: ${form}`;
    for (let end = 0; end <= text.length; end++) {
      const head = maskedHead(text.slice(0, end), secrets);
      expect(head).not.toContain(form.slice(0, 3));
    }
  }
});

test("no more is taken away than was said, and never half a character is left", () => {
  const smiles = "\u{1f642}".repeat(50);
  for (const text of [smiles, `${smiles}a`]) {
    expect(maskedHead(text, secrets).isWellFormed()).toBe(true);
  }
  fc.assert(
    fc.property(anyText(200), (any) => {
      const text = any.toWellFormed();
      const head = maskedHead(text, secrets);
      expect(text.startsWith(head)).toBe(true);
      expect(head.isWellFormed()).toBe(true);
      const taken = Buffer.byteLength(text) - Buffer.byteLength(head);
      expect(taken).toBeLessThanOrEqual(slackBytes(secrets));
    }),
  );
});

test("without secrets all of it is kept", () => {
  expect(maskedHead("a text", new Secrets())).toBe("a text");
});
