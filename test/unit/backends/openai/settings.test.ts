import { expect, test } from "bun:test";
import { createOpenai } from "../../../../src/backends/openai/create.ts";
import { openai } from "../../../../src/backends/openai/declaration.ts";
import { endpoint, readOpenaiSettings } from "../../../../src/backends/openai/settings.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { UsageError } from "../../../../src/shared/errors.ts";
import { TestParts } from "../support.ts";

const parts = new TestParts({
  KEY: "canary-0123456789",
  PROMPT: "Be brief.",
  LOGIN: "Basic canary-abcdef",
  LINES: "canary-a\ncanary-b",
});

function read(...given: string[]) {
  return readOpenaiSettings(parseOptions(openai, ["model=small", ...given]), parts);
}

function refusal(...given: string[]): UsageError {
  try {
    read(...given);
  } catch (error) {
    if (error instanceof UsageError) return error;
  }
  throw new Error("it was accepted");
}

test("left out, all is as for Ollama on this machine", () => {
  const { base, ...settings } = read();
  expect(base.href).toBe("http://localhost:11434/v1");
  expect(settings).toEqual({
    shown: "http://localhost:11434/v1",
    local: true,
    headers: {},
    model: "small",
    systemPrompt: undefined,
    temperature: undefined,
    maxTokens: undefined,
    images: false,
    history: { turns: 20, bytes: 65_536 },
    timeoutMs: 300_000,
    maxAnswer: 921_600,
  });
});

test("a model must be named", () => {
  expect(() => parseOptions(openai, [])).toThrow("the openai backend needs its option model");
});

test("the address may end in slashes and hold a query, which no message shows", () => {
  const settings = read("base_url=https://api.example.com/v1//?key=hidden#x");
  expect(settings.shown).toBe("https://api.example.com/v1");
  expect(settings.local).toBe(false);
  expect(endpoint(settings, "chat/completions").href).toBe(
    "https://api.example.com/v1/chat/completions?key=hidden",
  );
  expect(endpoint(read("base_url=http://[::1]:8000"), "models").href).toBe(
    "http://[::1]:8000/models",
  );
});

test("a key in the query of the address is a secret", () => {
  const own = new TestParts();
  readOpenaiSettings(
    parseOptions(openai, ["model=small", "base_url=https://h/v1?key=QUERYKEY123"]),
    own,
  );
  expect(own.secrets.mask("not QUERYKEY123")).toBe("not [secret]");
});

test.each([
  ["file:///etc/passwd", 'can\'t be "file:///etc/passwd": it must begin with http:// or https://'],
  ["localhost:11434/v1", "it must begin with http:// or https://"],
  ["s3://bucket", "it must begin with http:// or https://"],
  ["nonsense", "it must begin with http:// or https://"],
  ["http://me:canary-pw@host/v1", "must not hold a user name or password"],
  ["http://host/v1/chat/completions", "must end before /chat/completions"],
])("the address can't be %s", (url, words) => {
  expect(refusal(`base_url=${url}`).message).toContain(words);
  expect(refusal(`base_url=${url}`).message).not.toContain("canary");
});

test("key, prompt and headers may come from variables, which are secret from then on", () => {
  const settings = read("api_key=env:KEY", "system_prompt=env:PROMPT", "header.X-Title=my bridge");
  expect(settings.headers).toEqual({
    authorization: "Bearer canary-0123456789",
    "x-title": "my bridge",
  });
  expect(settings.systemPrompt).toBe("Be brief.");
  expect(parts.secrets.mask("canary-0123456789, Be brief.")).toBe("[secret], [secret]");
  read("header.authorization=env:LOGIN");
  expect(parts.secrets.mask("canary-abcdef")).toBe("[secret]");
  read("header.x-key=canary-on-the-line");
  expect(parts.secrets.mask("canary-on-the-line")).toBe("[secret]");
});

test.each([
  [["api_key=env:NONE"], "option api_key names the variable NONE, which is not set"],
  [["api_key=canary"], "it must be env:NAME"],
  [
    ["api_key=env:KEY", "header.Authorization=x"],
    "the header authorization of the openai backend is given twice",
  ],
  [["header.A=1", "header.a=2"], "the header a of the openai backend is given twice"],
  [["header.Content-Length=1"], "the openai backend sets the header Content-Length itself"],
  [["header.Host=x"], "the openai backend sets the header Host itself"],
  [["header.a:b=1"], "that is no name of a header"],
  [["header.a=canary\nb"], "one line of printable ASCII"],
  [["api_key=env:LINES"], "option api_key: the value of a header must be one line"],
  [["temperature=3"], "it must be a number from 0 to 2"],
  [["history=-1"], "it must be a whole number from 0 to 1000"],
  [["max_tokens=0"], "it must be a whole number of at least 1"],
])("%j is an error of usage that shows no secret", (given, words) => {
  const { message } = refusal(...given);
  expect(message).toContain(words);
  if (given[0] !== "api_key=canary") expect(message).not.toContain("canary");
});

test("it costs money unless the model is on this machine", () => {
  const costs = (url: string) =>
    createOpenai(parseOptions(openai, ["model=m", `base_url=${url}`]), parts).costsMoney;
  expect(costs("http://127.0.0.1:1234/v1")).toBe(false);
  expect(costs("http://model.localhost/v1")).toBe(false);
  expect(costs("http://192.168.1.2:11434/v1")).toBe(true);
  expect(costs("https://api.example.com/v1")).toBe(true);
});
