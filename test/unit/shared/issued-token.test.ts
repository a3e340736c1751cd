import { expect, test } from "bun:test";
import { isIssuedToken } from "../../../src/shared/issued-token.ts";

test.each(["12345678", "pTnG-x_9.~+/=", "mol_0123456789", "a\"b\\c'd`e"])(
  "%j may be a platform's token",
  (text) => expect(isIssuedToken(text)).toBe(true),
);

test.each(["", "1234567", "two words", "äöüäöüäöü"])("%j is none", (text) =>
  expect(isIssuedToken(text)).toBe(false),
);
