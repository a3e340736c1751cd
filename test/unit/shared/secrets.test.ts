import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Secrets } from "../../../src/shared/secrets.ts";

/** Every form of it differs from the others: base64 has `+`, `/` and padding, JSON has escapes. */
const SECRET = 's~e?c>r~e?t>>ÿÿ~/+"\\"';

const FORMS: [string, string][] = [
  ["as it is", SECRET],
  ["in base64", Buffer.from(SECRET).toString("base64")],
  ["in base64 without padding", Buffer.from(SECRET).toString("base64").replace(/=+$/, "")],
  ["in base64url", Buffer.from(SECRET).toString("base64url")],
  ["percent-encoded", encodeURIComponent(SECRET)],
  ["with the escapes of JSON", JSON.stringify(SECRET).slice(1, -1)],
];

function knowing(...known: (string | undefined)[]): Secrets {
  const secrets = new Secrets();
  for (const secret of known) secrets.add(secret);
  return secrets;
}

test("the forms under test are all different", () => {
  expect(new Set(FORMS.map(([, form]) => form)).size).toBe(FORMS.length);
  const [, base64] = FORMS[1] ?? [];
  expect(base64).toMatch(/^(?=.*\+)(?=.*\/).*=$/);
});

describe("a secret", () => {
  test("that comes after a text was masked is masked in the next", () => {
    const secrets = knowing("a-long-secret");
    expect(secrets.mask("a-long-secret, short1")).toBe("[secret], short1");
    secrets.add("short1");
    secrets.add("a-long-secret-and-more");
    expect(secrets.mask("short1")).toBe("[secret]");
    expect(secrets.mask("a-long-secret-and-more, short1")).toBe("[secret], [secret]");
    expect(secrets.longest).toBe(btoa("a-long-secret-and-more").length);
  });

  test.each(FORMS)("%s is masked, wherever and however often it stands", (_, form) => {
    const secrets = knowing(SECRET);
    expect(secrets.mask(`a ${form} b${form}`)).toBe("a [secret] b[secret]");
    expect(secrets.mask(form)).toBe("[secret]");
    expect(secrets.within(`a ${form} b`)).toBe(true);
  });

  test("does not touch other text", () => {
    const secrets = knowing(SECRET);
    expect(secrets.mask(SECRET.slice(1))).toBe(SECRET.slice(1));
    expect(secrets.within(SECRET.slice(1))).toBe(false);
  });

  test("that is part of a longer one leaves nothing of the longer one behind", () => {
    for (const order of [
      ["abcdef", "abcdefghijkl", "xxabcdefghijklyy"],
      ["xxabcdefghijklyy", "abcdefghijkl", "abcdef"],
    ]) {
      const secrets = knowing(...order);
      expect(secrets.mask("1 abcdefghijkl 2 abcdef 3 xxabcdefghijklyy")).toBe(
        "1 [secret] 2 [secret] 3 [secret]",
      );
    }
  });

  test("that overlaps another is masked too", () => {
    expect(knowing("abcdefgh", "efghijkl").mask("abcdefghijkl")).not.toContain("abcdefgh");
    expect(knowing("abcdefgh", "efghijkl").mask("abcdefghijkl")).not.toContain("efghijkl");
  });

  test("with signs that mean something to a pattern is taken by the letter", () => {
    const secrets = knowing("a.c*+?$&[x]");
    expect(secrets.mask("a.c*+?$&[x] abcc")).toBe("[secret] abcc");
  });

  test("of under six characters is left alone: any text would suffer", () => {
    const secrets = knowing(undefined, "", "a", "12345");
    expect(secrets.mask("a 12345 text")).toBe("a 12345 text");
    expect(secrets.within("a 12345 text")).toBe(false);
  });

  test("of six characters is masked", () => {
    expect(knowing("123456").mask("a 123456 text")).toBe("a [secret] text");
  });

  test("that is no text at all can be known too", () => {
    expect(knowing("\ud800abcdef").mask("a \ud800abcdef b")).toBe("a [secret] b");
  });
});

test("no form of any known secret survives the mask", () => {
  const secret = fc.string({ minLength: 6, unit: fc.constantFrom(..."0123abc~>?+/=%") });
  fc.assert(
    fc.property(fc.array(secret, { minLength: 1 }), fc.string(), (known, around) => {
      const secrets = knowing(...known);
      const [first = ""] = known;
      const said = [first, encodeURIComponent(first), Buffer.from(first).toString("base64url")];
      const masked = secrets.mask(said.map((form) => `${around}${form} `).join(""));
      for (const form of said) expect(masked).not.toContain(form);
    }),
  );
});

test("the one secret that is to be shown is left readable, and no other is", () => {
  const secrets = new Secrets();
  secrets.add("first-secret");
  secrets.add("second-secret");
  const base64 = Buffer.from("first-secret").toString("base64");
  expect(secrets.mask(`first-secret ${base64} second-secret`, "first-secret")).toBe(
    `first-secret ${base64} [secret]`,
  );
  expect(secrets.mask("first-secret")).toBe("[secret]");
});
