import { expect, test } from "bun:test";
import { digestOf } from "../../src/a2a/identity.ts";
import { wasPosted } from "../../src/bridge/delivery/notices.ts";

const AT = "2026-01-01T00:00:00.000000000Z";
const ECHO = {
  id: "aaaaaaaa-0000-4000-8000-000000000001",
  activity_type: "a2a_receive",
  method: "notify",
  source_id: null,
  status: "ok",
  created_at: "2026-01-01T00:00:01Z",
  response_body: { result: "41" },
};

/** Looks for the echo; `enterAt`: the journal takes it in at the first call of that name. */
function look(enterAt: "activity" | "known" | "never"): Promise<boolean> {
  let entered = false;
  const reach = (step: string) => void (entered ||= step === enterAt);
  const platform = {
    async activity() {
      reach("activity");
      return [ECHO];
    },
  };
  const journal = {
    async known(ids: readonly string[]) {
      reach("known");
      return new Set(entered ? ids : []);
    },
  };
  const outbox = { notices: async () => ({ posted: 0, echoes: entered ? 1 : 0 }) };
  const store = { journal, outbox };
  const reply = { digest: digestOf("41"), at: AT };
  return wasPosted({ platform, store }, reply, new AbortController().signal);
}

test.each(["activity", "known", "never"] as const)(
  "an echo that is entered in the journal during the look for it is found (%s)",
  async (enterAt) => {
    expect(await look(enterAt)).toBe(true);
  },
);
