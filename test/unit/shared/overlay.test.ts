import { expect, test } from "bun:test";
import { overlay } from "../../../src/shared/overlay.ts";

class Counter {
  #count = 0;
  name = "counter";

  get count(): number {
    return this.#count;
  }

  up(): number {
    return ++this.#count;
  }

  shown(): string {
    return `${this.name}: ${this.up()}`;
  }
}

test("what is replaced is, and the rest goes to the object itself, private fields too", () => {
  const counter = new Counter();
  const over = overlay(counter, { up: () => 100 });
  expect(over.up()).toBe(100);
  expect(over.count).toBe(0);
  expect(over.shown()).toBe("counter: 1");
  expect(counter.count).toBe(1);
  expect(over.count).toBe(1);
});

test("an overlay may lie over another", () => {
  const over = overlay(overlay(new Counter(), { up: () => 100 }), { name: "other" });
  expect([over.up(), over.name, over.shown()]).toEqual([100, "other", "counter: 1"]);
});
