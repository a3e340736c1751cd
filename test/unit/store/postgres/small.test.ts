/** The parts of the shared store that need no Postgres. */
import fc from "fast-check";
import { describe, expect, test } from "bun:test";
import { Contact, type StoreEvent } from "../../../../src/store/postgres/contact.ts";
import { StoreAway } from "../../../../src/store/postgres/postgres-error.ts";
import { shareOf } from "../../../../src/store/postgres/share.ts";
import { decodeText, encodeText } from "../../../../src/store/postgres/text-code.ts";
import { ManualClock } from "../../../harness/clock.ts";

describe("text", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom("\0", "\x1a", "0", "1", "\ud83d\ude00", "a") }),
  );

  test("comes back as it was, and has no U+0000 on its way", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const encoded = encodeText(text);
        expect(encoded).not.toContain("\0");
        expect(decodeText(encoded)).toBe(text);
      }),
    );
  });

  test("is never that of another", () => {
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        expect(encodeText(one) === encodeText(other)).toBe(one === other);
      }),
    );
  });
});

describe("the share of a process", () => {
  test("is all where it has no limit", () => {
    expect(shareOf(7, undefined, 0)).toBe(7);
    expect(shareOf(7, undefined, 100)).toBe(7);
  });

  test("is its part by all limits, and never more than its own", () => {
    fc.assert(
      fc.property(
        fc.nat(10_000),
        fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 20 }),
        (workspaces, capacities) => {
          const all = capacities.reduce((sum, one) => sum + one, 0);
          const shares = capacities.map((own) => shareOf(workspaces, own, all - own));
          for (const [index, share] of shares.entries()) {
            expect(share).toBeLessThanOrEqual(capacities[index] ?? 0);
            // No process has one more than a fair part.
            expect(share).toBeLessThan((workspaces * (capacities[index] ?? 0)) / all + 1);
          }
          // Nothing is left over where all could serve it.
          const served = shares.reduce((sum, one) => sum + one, 0);
          expect(served).toBeGreaterThanOrEqual(Math.min(workspaces, all));
        },
      ),
    );
  });
});

describe("contact with Postgres", () => {
  const LEASE = 10_000;

  function setUp() {
    const clock = new ManualClock();
    const events: StoreEvent[] = [];
    const contact = new Contact(clock, LEASE, (event) => events.push(event));
    const look = () => {
      contact.renewed(contact.now());
      contact.back();
    };
    return { clock, contact, events, look };
  }
  const away = new StoreAway("the place", "the reason", undefined);

  test("makes sure of what is held for less than a lease, from when the word was sent", async () => {
    const { clock, contact } = setUp();
    expect(contact.isSure).toBe(false);
    const sent = contact.now();
    await clock.advance(3_000);
    contact.renewed(sent);
    expect(contact.isSure).toBe(true);
    await clock.advance(4_999);
    expect(contact.isSure).toBe(true);
    await clock.advance(1);
    expect(contact.isSure).toBe(false);
  });

  test("is not relied on after a sleep of the machine, nor where the process stood still", () => {
    for (const pass of ["suspend", "stall"] as const) {
      const { clock, contact, look } = setUp();
      look();
      clock[pass](LEASE);
      expect(contact.isSure).toBe(false);
      look();
      expect(contact.isSure).toBe(true);
    }
  });

  test("is told when it breaks off and when it is back, once each", async () => {
    const { clock, contact, events, look } = setUp();
    look();
    expect(events).toEqual([]);
    contact.away(away);
    await clock.advance(2_000);
    contact.away(new Error("another"));
    expect(contact.isAway).toBe(true);
    await clock.advance(1_000);
    look();
    look();
    expect(contact.isAway).toBe(false);
    expect(events).toEqual([
      { type: "store-away", reason: "the reason", hint: away.hint },
      { type: "store-back", afterMs: 3_000 },
    ]);
  });

  test("lets others be judged from the first look on, and after a break once they could have spoken", async () => {
    const { clock, contact, look } = setUp();
    expect(contact.mayJudge).toBe(false);
    look();
    expect(contact.mayJudge).toBe(true);
    contact.away(away);
    expect(contact.mayJudge).toBe(false);
    await clock.advance(60_000);
    look();
    await clock.advance(LEASE - 1);
    look();
    expect(contact.mayJudge).toBe(false);
    await clock.advance(1);
    expect(contact.mayJudge).toBe(true);
  });
});
