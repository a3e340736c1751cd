import { expect, test } from "bun:test";
import { readAddress } from "../../../src/backends/http-login.ts";
import { Secrets } from "../../../src/shared/secrets.ts";

const OPTION = { backend: "x", name: "url", hint: "it looks so" };

function masked(query: string, text: string): string {
  const secrets = new Secrets();
  readAddress(OPTION, `http://h/?${query}`, secrets);
  return secrets.mask(text);
}

test.each([
  ["x=s3cr3t-value", "s3cr3t-value"],
  ["x=1&y=s3cr3t-value&z=2", "s3cr3t-value"],
  ["x=a%20b%20c%20d", "a b c d"],
  ["x=a+b+c+d", "a b c d"],
  ["x=a+b+c+d", "a+b+c+d"],
  ["x=%zz-broken", "%zz-broken"],
  ["s3cr3t-value", "s3cr3t-value"],
  ["key=sesame", "sesame"],
  ["access_TOKEN=12345678", "12345678"],
])("the value in %s is a secret", (query, secret) => {
  expect(masked(query, `it is ${secret}!`)).toBe("it is [secret]!");
});

test.each([
  ["api-version=preview", "a preview"],
  ["api-version=2026-10-21", "on 2026-10-21"],
  ["stream=enabled&n=100000", "enabled 100000"],
  ["key=short", "short"],
  ["", "nothing at all"],
])("the words of an answer are not masked for %s", (query, text) => {
  expect(masked(query, text)).toBe(text);
});

test("an address has no fragment, and keeps the rest", () => {
  const url = readAddress(OPTION, "https://me:pw@h:1/a/?b=c#d", new Secrets());
  expect(url.href).toBe("https://me:pw@h:1/a/?b=c");
});

test.each(["file:///etc/hostname", "s3://bucket", "h:80", "/x", "x y", ""])(
  "an address can't be %j",
  (text) => {
    expect(() => readAddress(OPTION, text, new Secrets())).toThrow(
      `option url of the x backend can't be "${text}": it must begin with http:// or https://`,
    );
  },
);

test("an address that is wrong is shown without what may be secret, and with a hint", () => {
  try {
    readAddress(OPTION, "htp://me:canary-pw@h/a?canary-key#canary", new Secrets());
    throw new Error("it was taken");
  } catch (error) {
    expect(error).toMatchObject({ hint: "it looks so" });
    expect(String(error)).toContain('"htp://[secret]@h/a"');
    expect(String(error)).not.toContain("canary");
  }
});
