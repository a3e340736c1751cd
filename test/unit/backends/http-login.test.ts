import { expect, test } from "bun:test";
import { learnQuery } from "../../../src/backends/http-login.ts";
import { Secrets } from "../../../src/shared/secrets.ts";

function masked(query: string, text: string): string {
  const secrets = new Secrets();
  learnQuery(new URL(`http://h/?${query}`), secrets);
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
