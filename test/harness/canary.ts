/** A secret that is looked for afterwards, in every form that something might have given it. */
import { expect } from "bun:test";
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { row, ScriptedPlatform, type RouteName } from "./scripted-platform.ts";

export class Canary {
  readonly value: string;

  /**
   * All that a token may hold (RFC 6750 allows less), and what its encodings may: "?????" and
   * "~~~~~" have the two characters in base64 that URLs write differently.
   */
  constructor(name: string) {
    this.value = `${name}?????~~~~~+a/b=c%d&e"f\\g${crypto.randomUUID().slice(-12)}`;
  }

  /** The secret as it is, and in the encodings of URLs, JSON and headers. */
  get forms(): string[] {
    const base64 = btoa(this.value);
    return [
      this.value,
      JSON.stringify(this.value).slice(1, -1),
      encodeURIComponent(this.value),
      base64,
      base64.replace(/=+$/, ""),
      Buffer.from(this.value).toString("base64url"),
    ];
  }

  /** All forms in one text, for a platform that says what it should not. */
  get blurted(): string {
    return this.forms.join(" and ");
  }

  /** What of it is in the text: a form, or the beginning of one, which is half the secret. */
  in(text: string): string[] {
    return this.forms.flatMap((form) => {
      const half = form.slice(0, Math.ceil(form.length / 2));
      return text.includes(half) ? [half] : [];
    });
  }

  /** The files below the folder that hold any of it. */
  inFiles(folder: string): string[] {
    return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => {
      const path = join(folder, name);
      return lstatSync(path).isFile() && this.in(readFileSync(path, "latin1")).length > 0;
    });
  }
}

/** The program has shown nothing of the secret. */
export function expectUnseen(secret: Canary, run: { stdout: string; stderr: string }): void {
  expect(secret.in(run.stdout)).toEqual([]);
  expect(secret.in(run.stderr)).toEqual([]);
}

/**
 * A platform with a message of a peer and one of the canvas, which on one route repeats the token
 * that it was sent. Long errors are cut: some padding puts the cut in the middle of the token.
 */
export function blurting(
  token: Canary,
  route: RouteName,
  status: number,
  padding: number,
): ScriptedPlatform {
  const platform = new ScriptedPlatform();
  platform.rows = [row(1), row(2, { source_id: null })];
  return platform.on(route, ({ headers }) => {
    expect(headers.get("authorization")).toBe(`Bearer ${token.value}`);
    return Response.json({ error: `${"x".repeat(padding)} ${token.blurted}` }, { status });
  });
}
