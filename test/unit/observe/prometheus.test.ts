/** Prometheus' text format, by a reader of it that was written from its description. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { Histogram } from "../../../src/observe/histogram.ts";
import { histogramSamples, render } from "../../../src/observe/prometheus.ts";

/** The labels of a line, with their escapes undone. */
function labelsIn(line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = /^[a-z_]+\{(.*)\} [^ ]+$/s.exec(line)?.[1] ?? "";
  while (rest !== "") {
    const [whole = "", name = "", value = ""] =
      /^([a-z]+)="((?:[^"\\\n]|\\[\\"n])*)",?/.exec(rest) ?? [];
    if (whole === "") throw new Error(`not a label: ${rest}`);
    labels[name] = value.replace(/\\([\\"n])/g, (_, c: string) => (c === "n" ? "\n" : c));
    rest = rest.slice(whole.length);
  }
  return labels;
}

test("a metric has its help, its type and its values", () => {
  const text = render([
    { name: "a_total", help: "How many.", type: "counter", samples: [{ labels: {}, value: 2 }] },
    { name: "b", help: "Left out.", type: "gauge", samples: [] },
    {
      name: "c",
      help: "A \\ and a\nline.",
      type: "gauge",
      samples: [
        { labels: { x: "1", y: "2" }, value: 0.5 },
        { labels: {}, value: -Infinity },
      ],
    },
  ]);
  expect(text).toBe(`# HELP a_total How many.
# TYPE a_total counter
a_total 2
# HELP c A \\\\ and a\\nline.
# TYPE c gauge
c{x="1",y="2"} 0.5
c -Inf
`);
});

test("any text is the value of a label", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      const samples = [{ labels: { v: value, w: "x" }, value: 1 }];
      const text = render([{ name: "m", help: "", type: "gauge", samples }]);
      const lines = text.split("\n");
      expect(lines).toHaveLength(4);
      expect(labelsIn(lines[2] ?? "")).toEqual({ v: value, w: "x" });
    }),
  );
});

test("a histogram counts each duration in all buckets that it fits in", () => {
  const histogram = new Histogram([0.01, 0.1, 1]);
  for (const ms of [-5, 10, 11, 1_000, 1_001]) histogram.observe(ms);
  const text = render([
    { name: "h", help: "", type: "histogram", samples: histogramSamples({ w: "x" }, histogram) },
  ]);
  expect(text.split("\n").slice(2)).toEqual([
    'h_bucket{w="x",le="0.01"} 2',
    'h_bucket{w="x",le="0.1"} 3',
    'h_bucket{w="x",le="1"} 4',
    'h_bucket{w="x",le="+Inf"} 5',
    'h_sum{w="x"} 2.022',
    'h_count{w="x"} 5',
    "",
  ]);
});
