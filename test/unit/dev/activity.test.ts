import { expect, test } from "bun:test";
import { lab, messageSend, NOBODY, type Lab, type Member } from "./lab.ts";

const textOf = (row: any): string => row.request_body.params.message.parts[0].text;
const texts = (rows: any[]): string[] => rows.map(textOf);

/** Messages "1" to "n", one second apart, from the peer. */
async function fill(at: Lab, peer: Member, agent: Member, n: number): Promise<void> {
  for (let i = 1; i <= n; i++) {
    at.clock.advance(1_000);
    await at.send(peer, agent, String(i));
  }
}

test("an inbound row has every key of the contract, and no key for a body that is null", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const ada = await at.member("ada");
  at.clock.advance(120);
  await at.send(ada, agent, "hello", "m-1");
  const [row] = await at.feed(agent);
  expect(row).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    workspace_id: agent.id,
    activity_type: "a2a_receive",
    source_id: ada.id,
    target_id: agent.id,
    method: "message/send",
    summary: expect.stringContaining("queued for poll"),
    status: "ok",
    error_detail: null,
    duration_ms: null,
    created_at: "2026-01-01T00:00:00.12Z",
    seq: 1,
    request_body: {
      ...messageSend("hello"),
      params: {
        message: {
          ...messageSend("hello").params.message,
          messageId: "m-1",
          contextId: expect.any(String),
        },
      },
    },
  });
});

test("without a cursor newest first, with one strictly after it and oldest first (T1)", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const ada = await at.member("ada");
  expect(await at.feed(agent)).toEqual([]);
  await fill(at, ada, agent, 5);
  const rows = await at.feed(agent);
  expect(texts(rows)).toEqual(["5", "4", "3", "2", "1"]);
  expect(texts(await at.feed(agent, "?limit=2"))).toEqual(["5", "4"]);
  expect(texts(await at.feed(agent, `?since_id=${rows[3].id}`))).toEqual(["3", "4", "5"]);
  expect(texts(await at.feed(agent, `?since_id=${rows[3].id}&limit=2`))).toEqual(["3", "4"]);
  expect(await at.feed(agent, `?since_id=${rows[0].id.toUpperCase()}`)).toEqual([]);
});

test("rows of one instant are told apart by seq, on both sides of a cursor", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const ada = await at.member("ada");
  for (const text of ["1", "2", "3"]) await at.send(ada, agent, text);
  const rows = await at.feed(agent);
  expect(new Set(rows.map((row) => row.created_at)).size).toBe(1);
  expect(texts(rows)).toEqual(["3", "2", "1"]);
  expect(texts(await at.feed(agent, `?since_id=${rows[2].id}`))).toEqual(["2", "3"]);
});

test("since_secs is a window, also beside since_id: what is older is lost (T19)", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const ada = await at.member("ada");
  await fill(at, ada, agent, 5);
  const rows = await at.feed(agent);
  expect(texts(await at.feed(agent, "?since_secs=2"))).toEqual(["5", "4", "3"]);
  const oldest = rows[4].id;
  expect(texts(await at.feed(agent, `?since_id=${oldest}&since_secs=1`))).toEqual(["4", "5"]);
  at.clock.advance(2_592_000_000);
  expect(texts(await at.feed(agent, "?since_secs=99999999999"))).toEqual(["5"]);
});

test("before_ts is strict, in any zone and at full precision", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const ada = await at.member("ada");
  await fill(at, ada, agent, 3);
  const before = async (time: string) =>
    texts(await at.feed(agent, `?before_ts=${encodeURIComponent(time)}`));
  expect(await before("2026-01-01T00:00:03Z")).toEqual(["2", "1"]);
  expect(await before("2026-01-01T02:00:03+02:00")).toEqual(["2", "1"]);
  expect(await before("2026-01-01T00:00:03.000000001Z")).toEqual(["3", "2", "1"]);
});

test("type, source and peer_id filter", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const ada = await at.member("ada");
  const ben = await at.member("ben");
  await at.send(ada, agent, "from ada");
  await at.send(ben, agent, "from ben");
  await at.send("canvas", agent, "from canvas");
  const body = { activity_type: "a2a_send", target_id: ada.id, summary: "to ada" };
  await at.post(`/workspaces/${agent.id}/activity`, { token: agent.token, body });
  const say = async (query: string) =>
    (await at.feed(agent, query)).map((row) => (row.request_body ? textOf(row) : row.summary));
  expect(await say("?type=a2a_receive")).toEqual(["from canvas", "from ben", "from ada"]);
  expect(await say("?type=a2a_*")).toEqual([]);
  expect(await say("?source=canvas")).toEqual(["from canvas"]);
  expect(await say("?source=agent")).toEqual(["to ada", "from ben", "from ada"]);
  expect(await say(`?peer_id=${ada.id}`)).toEqual(["to ada", "from ada"]);
  expect(await say("?type=&source=&since_id=&since_secs=&before_ts=&peer_id=")).toHaveLength(4);
});

test.each<[string, number, string | RegExp]>([
  ["source=peer", 400, /source/],
  ["since_secs=0", 400, /since_secs/], // T20
  ["since_secs=-5", 400, /since_secs/],
  ["since_secs=1.5", 400, /since_secs/],
  ["since_secs=soon", 400, /since_secs/],
  ["before_ts=yesterday", 400, /before_ts/],
  ["before_ts=2026-01-01T02:00:00+02:00", 400, /before_ts/],
  ["before_ts=2026-01-01%2000:00:00Z", 400, /before_ts/],
  ["before_ts=2026-01-01", 400, /before_ts/],
  ["peer_id=ada", 400, /peer_id/],
  ["since_id=42", 500, "cursor lookup failed"],
  [`since_id=${NOBODY}`, 410, /since_id/],
  ["since_id=00000000-0000-0000-0000-000000000000", 410, /since_id/],
])("?%s is a %i", async (query, status, error) => {
  await using at = await lab();
  const { id, token } = await at.member("agent");
  const answer = await at.get(`/workspaces/${id}/activity?${query}`, { token });
  expect([answer.status, answer.body.error]).toEqual([
    status,
    typeof error === "string" ? error : expect.stringMatching(error),
  ]);
  expect(answer.body.code).toBeUndefined();
});

test("another workspace's row is no cursor here", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const ada = await at.member("ada");
  await at.send(agent, ada, "hello");
  const [row] = await at.feed(ada);
  const path = `/workspaces/${agent.id}/activity?since_id=${row.id}`;
  expect((await at.get(path, { token: agent.token })).status).toBe(410);
});

test("the limit is 100 unless given, and 500 at most", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  for (let i = 0; i < 510; i++) {
    at.platform.database.activities.add({
      workspace_id: agent.id,
      activity_type: "agent_log",
      status: "ok",
    });
  }
  const cases: [string, number][] = [
    ["", 100],
    ["?limit=7", 7],
    ["?limit=0", 100],
    ["?limit=-1", 100],
    ["?limit=all", 100],
    ["?limit=9999", 500],
  ];
  for (const [query, count] of cases) expect(await at.feed(agent, query)).toHaveLength(count);
});

test("include=peer_info names the peer and lists the files", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const ada = await at.member("ada", { role: "asks" });
  const file = { name: "a.txt", mimeType: "text/plain", uri: "https://example.com/a.txt" };
  const body = messageSend("see");
  body.params.message.parts.push({ kind: "file", file } as never);
  await at.post(`/workspaces/${agent.id}/a2a`, { token: ada.token, body });
  await at.send("canvas", agent, "hello");
  const [canvas, peer] = await at.feed(agent, "?include=peer_info");
  expect(peer).toMatchObject({
    peer_name: "ada",
    peer_role: "asks",
    agent_card_url: `${at.platform.url}/workspaces/${ada.id}`,
    attachments: [{ kind: "file", uri: file.uri, mime_type: "text/plain", name: "a.txt" }],
  });
  expect(Object.keys(canvas)).not.toContain("peer_name");
  expect(Object.keys((await at.feed(agent))[1])).not.toContain("peer_name");
});

test("acknowledgements only rise", async () => {
  await using at = await lab();
  const { id, token } = await at.member("agent");
  const ack = async (acked_seq: unknown) => {
    const body = { acked_seq };
    const answer = await at.post(`/workspaces/${id}/activity/ack`, { token, body });
    return answer.body.last_acked_seq ?? answer.status;
  };
  const said = [];
  for (const seq of [5, 3, 9, 0, -1, "7", 1.5, undefined]) said.push(await ack(seq));
  expect(said).toEqual([5, 5, 9, 9, 400, 400, 400, 400]);
});
