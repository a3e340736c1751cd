import { expect, test } from "bun:test";
import { createMock } from "../../../../src/backends/mock/create.ts";
import { mock } from "../../../../src/backends/mock/declaration.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { never, request } from "../support.ts";

const make = (...given: string[]) => createMock(parseOptions(mock, given));

test("echoes by default", async () => {
  const backend = make();
  await backend.check();
  expect(await backend.run(request(), never)).toEqual({ kind: "answer", text: "echo: hello" });
});

test("the text goes into the template as it is", async () => {
  const text = "$& $1 $` $' $$ %s";
  expect(await make("reply=<%s|%s>").run(request({ text }), never)).toEqual({
    kind: "answer",
    text: `<${text}|${text}>`,
  });
});

test("costs nothing, and many may run at once", () => {
  expect([make().costsMoney, make().concurrency]).toEqual([false, 8]);
});

test("ends as stopped when it was stopped", async () => {
  expect(await make().run(request(), AbortSignal.abort())).toEqual({ kind: "stopped" });
});
