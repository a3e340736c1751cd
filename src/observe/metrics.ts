/** What Prometheus is told: of each workspace by its id, never by a peer or a reason, whose number has no end. */
import type { WakeState } from "../bridge/events.ts";
import type { Meter } from "./meter.ts";
import { histogramSamples, type Family, type Labels, type Sample } from "./prometheus.ts";
import type { WorkspaceStatus } from "./status.ts";

/** All that is known of one workspace at the moment of a scrape. */
export interface Measured {
  status: WorkspaceStatus;
  meter: Meter;
  /** Messages are taken and answered. */
  ready: boolean;
  /** The backend can work. */
  paused: boolean;
}

const WAKE_STATES: readonly WakeState[] = ["off", "away", "open", "healthy"];

export function workspaceFamilies(all: readonly Measured[]): Family[] {
  const of = (one: Measured): Labels => ({ workspace: one.status.workspaceId });
  /** One value for each workspace; none where it is not known. */
  const gauge = (
    name: string,
    help: string,
    read: (one: Measured) => number | undefined,
  ): Family => {
    return { name, help, type: "gauge", samples: all.flatMap((one) => sample(of(one), read(one))) };
  };
  const counter = (name: string, help: string, read: (one: Measured) => number): Family => {
    return { ...gauge(name, help, read), type: "counter" };
  };
  /** One value for each workspace and each value of a label. */
  const counters = (
    name: string,
    help: string,
    label: string,
    read: (one: Measured) => Readonly<Record<string, number>>,
  ): Family => {
    const samples = all.flatMap((one) =>
      Object.entries(read(one)).map(([key, value]) => {
        return { labels: { ...of(one), [label]: key }, value };
      }),
    );
    return { name, help, type: "counter", samples };
  };
  return [
    gauge(
      "molecule_ready",
      "Whether messages are taken and answered here.",
      ({ ready, status }) => +(ready && status.state !== "standby"),
    ),
    counters(
      "molecule_messages_total",
      "Messages that came to their end, by how.",
      "outcome",
      ({ status }) => status.messages,
    ),
    gauge(
      "molecule_running_messages",
      "Messages that the backend works on.",
      ({ status }) => status.running,
    ),
    gauge(
      "molecule_unsettled_messages",
      "Messages in the journal that have not come to their end.",
      ({ status }) => status.store?.unsettled,
    ),
    gauge(
      "molecule_outbox_replies",
      "Replies that are not delivered yet.",
      ({ status }) => status.store?.outbox,
    ),
    gauge(
      "molecule_dead_letters",
      "Messages that were given up and are kept.",
      ({ status }) => status.store?.deadLetters,
    ),
    gauge(
      "molecule_store_up",
      "Whether the journal could be asked; where not, what it holds is left out. A standby has none.",
      ({ status }) => (status.state === "standby" ? undefined : +(status.store !== undefined)),
    ),
    {
      name: "molecule_pickup_delay_seconds",
      help: "From when the platform wrote a message to when its first run began.",
      type: "histogram",
      samples: all.flatMap((one) => histogramSamples(of(one), one.meter.pickup)),
    },
    {
      name: "molecule_backend_run_seconds",
      help: "How long the backend worked on a message, by how its run ended.",
      type: "histogram",
      samples: all.flatMap((one) =>
        [...one.meter.runs].flatMap(([outcome, runs]) =>
          histogramSamples({ ...of(one), outcome }, runs),
        ),
      ),
    },
    counter(
      "molecule_run_retries_total",
      "Runs that did nothing and were put off.",
      ({ meter }) => meter.runRetries,
    ),
    counter(
      "molecule_reply_retries_total",
      "Replies that were not delivered at the first try, by try.",
      ({ meter }) => meter.replyRetries,
    ),
    gauge("molecule_backend_paused", "Whether the backend can't work.", (one) => +one.paused),
    counters(
      "molecule_heartbeats_total",
      "Heartbeats that the platform took, and those that failed.",
      "result",
      ({ meter }) => meter.heartbeats,
    ),
    gauge(
      "molecule_last_heartbeat_timestamp_seconds",
      "When the platform last took a heartbeat.",
      ({ status }) => seconds(status.lastBeatAt),
    ),
    counters(
      "molecule_feed_reads_total",
      "Pages of the feed that were read, by why.",
      "reason",
      ({ meter }) => meter.feedReads,
    ),
    counter(
      "molecule_feed_failures_total",
      "Tries to read the feed that failed.",
      ({ meter }) => meter.feedFailures,
    ),
    counter(
      "molecule_feed_rows_total",
      "Rows of the feed that were new.",
      ({ meter }) => meter.feedRows,
    ),
    gauge(
      "molecule_last_feed_read_timestamp_seconds",
      "When the feed was last read.",
      ({ status }) => seconds(status.lastLookAt),
    ),
    {
      name: "molecule_wake_state",
      help: "How new rows are heard of: 1 for the state of the event stream, 0 for all others.",
      type: "gauge",
      samples: all.flatMap((one) =>
        WAKE_STATES.map((state): Sample => {
          return { labels: { ...of(one), state }, value: +(one.status.wake === state) };
        }),
      ),
    },
    counter(
      "molecule_wake_missed_total",
      "Times that messages came which the event stream had not told of.",
      ({ meter }) => meter.wakeMissed,
    ),
  ];
}

function sample(labels: Labels, value: number | undefined): Sample[] {
  return value === undefined ? [] : [{ labels, value }];
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000;
}
