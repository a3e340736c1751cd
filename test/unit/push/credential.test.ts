/** By what the platform is known, and how long that holds. */
import { describe, expect, test } from "bun:test";
import { Credential } from "../../../src/push/credential.ts";
import { ManualClock } from "../../harness/clock.ts";
import { TestMemory } from "./support.ts";

const DAY_MS = 24 * 3_600_000;

describe("the credential", () => {
  const made = async (memory = new TestMemory()) => {
    const clock = new ManualClock();
    let secured = 0;
    let bare = 0;
    const credential = new Credential({
      ...{ memory, clock },
      onSecured: () => (secured += 1),
      onUnsecured: () => (bare += 1),
    });
    await credential.load();
    return { credential, clock, memory, secured: () => secured, bare: () => bare };
  };

  test("the secret of before holds for five minutes after a change, and no longer", async () => {
    const { credential, clock, secured } = await made();
    credential.learn("first");
    credential.learn(undefined);
    credential.learn("first");
    credential.learn("second");
    expect(await credential.judge("Bearer first")).toBe("accepted");
    expect(await credential.judge("bearer second")).toBe("accepted");
    await clock.advance(5 * 60_000);
    expect(await credential.judge("Bearer first")).toBe("refused");
    expect(await credential.judge("Bearer second")).toBe("accepted");
    expect(secured()).toBe(1);
  });

  test.each([
    "",
    "Bearer",
    "Bearer ",
    "Basic secret",
    "secret",
    "Bearer secret x",
    "Bearer undefined",
  ])("%p is refused", async (header) => {
    const { credential } = await made();
    credential.learn("secret");
    expect(await credential.judge(header)).toBe("refused");
  });

  test("a request without one is taken until one with the right one came", async () => {
    const memory = new TestMemory();
    const { credential } = await made(memory);
    expect(await credential.judge(null)).toBe("accepted");
    expect(await credential.judge("Bearer secret")).toBe("unknown");
    credential.learn("secret");
    expect(await credential.judge("Bearer wrong")).toBe("refused");
    expect(await credential.judge(null)).toBe("accepted");
    expect(await credential.judge("Bearer secret")).toBe("accepted");
    expect(await credential.judge(null)).toBe("missing");
    const { credential: next } = await made(memory);
    expect(await next.judge(null)).toBe("missing");
  });

  test("seven days after the right one was shown last, one without is taken again", async () => {
    const memory = new TestMemory();
    const { credential, clock, secured, bare } = await made(memory);
    credential.learn("secret");
    await credential.judge("Bearer secret");
    await clock.advance(6 * DAY_MS);
    await credential.judge("Bearer secret");
    await credential.keep();
    await clock.advance(7 * DAY_MS - 1);
    expect(await credential.judge(null)).toBe("missing");
    expect(bare()).toBe(0);
    await clock.advance(1);
    expect(await credential.judge(null)).toBe("accepted");
    for (let n = 0; n < 3; n++) credential.onBareMessage();
    expect(bare()).toBe(1);
    await credential.judge("Bearer secret");
    expect(await credential.judge(null)).toBe("missing");
    expect(secured()).toBe(2);
    // A later process counts from what was written down.
    const kept = Number(memory.kept.get("push/secured"));
    expect(kept).toBe(clock.now());
  });

  test("what an earlier version has kept of it counts from now on", async () => {
    const memory = new TestMemory();
    memory.kept.set("push/secured", "yes");
    const { credential } = await made(memory);
    expect(await credential.judge(null)).toBe("missing");
  });
});
