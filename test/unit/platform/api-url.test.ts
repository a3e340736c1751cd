import { describe, expect, test } from "bun:test";
import { parseApiUrl } from "../../../src/platform/api-url.ts";
import { UsageError } from "../../../src/shared/errors.ts";

describe("the platform's address", () => {
  test.each([
    ["http://localhost:8080", "http://localhost:8080/"],
    ["https://tenant.example.com", "https://tenant.example.com/"],
    ["https://tenant.example.com/", "https://tenant.example.com/"],
    ["https://tenant.example.com/api/v1//", "https://tenant.example.com/api/v1"],
    ["HTTPS://Tenant.Example.com:443/x", "https://tenant.example.com/x"],
    [" http://localhost:8080 ", "http://localhost:8080/"],
    ["http://[::1]:8080", "http://[::1]:8080/"],
  ])("%j is %s", (text, href) => {
    expect(parseApiUrl(text).href).toBe(href);
  });

  test.each([
    ["", "must be a URL"],
    ["tenant.example.com", "must be a URL"],
    ["http://", "must be a URL"],
    ["http://a b", "must be a URL"],
    ["localhost:8080", "must begin with http:// or https://"],
    ["file:///etc/passwd", "must begin with http:// or https://"],
    ["ftp://tenant.example.com", "must begin with http:// or https://"],
    ["s3://bucket", "must begin with http:// or https://"],
    ["javascript:alert(1)", "must begin with http:// or https://"],
    ["https://name:hunter2hunter2@tenant.example.com", "must not hold a user name or password"],
    ["https://name@tenant.example.com", "must not hold a user name or password"],
    ["https://tenant.example.com/?key=hunter2hunter2", 'must end before any "?" or "#"'],
    ["https://tenant.example.com/#x", 'must end before any "?" or "#"'],
  ])("%j is refused: it %s", (text, reason) => {
    const parse = () => parseApiUrl(text, "the address");
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(`the address ${reason}`);
    expect(parse).not.toThrow("hunter2hunter2");
  });
});
