/** How somebody is let in: links, tickets, sessions. */
import { expect, test } from "bun:test";
import { pageLink } from "../../../src/page/link.ts";
import { pageLab, TOKEN } from "./lab.ts";

const session = (lab: Awaited<ReturnType<typeof pageLab>>, ticket: unknown) =>
  lab.at.post("/page/api/session", { body: { ticket } });

test("a link has what lets in behind its hash, and nothing else", () => {
  const url = "http://127.0.0.1:8080";
  expect(pageLink(url, { token: "a-b_c" })).toBe(`${url}/#token=a-b_c`);
  expect(pageLink(url, { ticket: "a&b=c" })).toBe(`${url}/#ticket=a%26b%3Dc`);
});

test("a ticket is good for one session", async () => {
  await using lab = await pageLab();
  const ticket = lab.page.ticket();
  expect(ticket).toMatch(/^[\w-]{43}$/);
  const first = await session(lab, ticket);
  expect([first.status, first.body]).toEqual([200, { token: TOKEN }]);
  expect(first.headers.get("cache-control")).toBe("no-store");
  const second = await session(lab, ticket);
  expect([second.status, second.body]).toEqual([
    401,
    {
      error: "this link was used before, or is too old",
      hint: "open the link that 'molecule dev' prints",
    },
  ]);
});

test("a ticket is good for a minute", async () => {
  await using lab = await pageLab();
  const [early, late] = [lab.page.ticket(), lab.page.ticket()];
  await lab.clock.advance(59_999);
  expect((await session(lab, early)).status).toBe(200);
  await lab.clock.advance(1);
  expect((await session(lab, late)).status).toBe(401);
});

test("tickets do not end each other, but for the oldest of very many", async () => {
  await using lab = await pageLab();
  const tickets = Array.from({ length: 17 }, () => lab.page.ticket());
  expect((await session(lab, tickets[0])).status).toBe(401);
  for (const ticket of tickets.slice(1).reverse()) {
    expect((await session(lab, ticket)).status).toBe(200);
  }
});

test.each<[unknown, number]>([
  ["", 401],
  ["guessed", 401],
  [TOKEN, 401],
  [null, 401],
  [7, 400],
  [["x"], 400],
])("%p is no ticket", async (ticket, status) => {
  await using lab = await pageLab();
  const good = lab.page.ticket();
  expect((await session(lab, ticket)).status).toBe(status);
  expect((await session(lab, good)).status).toBe(200);
});

test.each<[string, number]>([
  ["", 400],
  ["[]", 400],
  ["{", 400],
  [`{"ticket":"${"x".repeat(5_000)}"}`, 413],
])("a body of %p opens no session", async (raw, status) => {
  await using lab = await pageLab();
  expect((await lab.at.post("/page/api/session", { raw })).status).toBe(status);
});
