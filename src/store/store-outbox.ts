/** The part of the store that holds answers, and messages that were given up (see store.ts). */
import type { ReplyKind } from "../a2a/reply.ts";

/**
 * An answer, on disk before it is posted. A `trouble` is the word that only the operator can mend
 * what keeps the message from being answered: it settles nothing.
 */
export interface Reply {
  activityId: string;
  /** When that row came, by the platform's clock; RFC 3339 as in {@link Place}. */
  at: string;
  /** To whom: the peer's id; "" is the canvas. */
  lane: string;
  kind: ReplyKind;
  generation: number;
  /** Of a notice's text: finds it again in the feed. */
  digest: string | undefined;
  /** When it was entered; milliseconds since 1970. */
  since: number;
  /** It was found at the start, so nobody knows whether it was posted. */
  maybePosted: boolean;
  /** Why its message goes to the dead letters once this is posted; undefined where it is settled. */
  deadReason: string | undefined;
  /** Files that go with a notice to the canvas. */
  attachments?: readonly Attachment[] | undefined;
}

/** A file that goes with an answer: uploaded before the answer is posted. */
export interface Attachment {
  /** On this machine. */
  path: string;
  name: string;
  mimeType: string | undefined;
  size: number;
  /** Where the platform has it, once it was uploaded. */
  uri?: string | undefined;
}

export interface NewReply extends Omit<Reply, "at" | "since" | "maybePosted" | "deadReason"> {
  /** What is posted: a request as JSON, or the text of a notice. */
  body: string;
}

export interface Outbox {
  /**
   * The run is over, and this is to be posted. With `deadReason` the message goes to the dead
   * letters once that is done. Durable.
   */
  keep(reply: NewReply, deadReason?: string): Promise<Reply>;
  /** What is to be posted. Kept apart, so that a full outbox does not fill the memory. */
  body(reply: Reply): Promise<string>;
  /**
   * How far its files are uploaded, so that none is uploaded twice; with `text`, what is posted instead.
   * Gives the reply as it is kept now. Durable.
   */
  attached(
    reply: Reply,
    attachments: readonly Attachment[],
    text?: Pick<NewReply, "body" | "digest">,
  ): Promise<Reply>;
  /**
   * It was delivered, at this time by the platform's clock (RFC 3339 as in {@link Place}): the message
   * is settled, or goes where it was bound to.
   */
  posted(reply: Reply, at: string): Promise<void>;
  /** It can't be delivered: the message goes to the dead letters with its answer. Durable. */
  refused(reply: Reply, reason: string): Promise<void>;
  /** The peer holds it open: the message is settled, the reply stays until one of the above. */
  handOver(reply: Reply): Promise<void>;
  /** It failed, so the peer holds it open no more: to be posted again, first in its lane. Durable. */
  takeBack(reply: Reply): Promise<void>;
  /** Replies that were handed over by a process that has ended. */
  handedOver(): Promise<Reply[]>;
  /** How many replies are not delivered yet. */
  count(): Promise<number>;
  /**
   * Notices of this text: how many echoes of it with a time from `since` on were entered in the
   * journal, and how many were posted for certain, counted from ten seconds earlier, since the clocks
   * may differ: rather one too many, which has a notice posted twice, than one too few, which loses it.
   */
  notices(digest: string, since: string): Promise<{ posted: number; echoes: number }>;
  /** How a peer takes messages, as its answers told. */
  peerMode(peer: string): Promise<PeerMode | undefined>;
  learnPeerMode(peer: string, mode: PeerMode): Promise<void>;
}

export type PeerMode = "poll" | "push";

/** A message that was given up: kept whole, until the operator retries or drops it. */
export interface DeadLetter {
  id: string;
  /** The peer's id; "" is the canvas. */
  lane: string;
  /** When it came; RFC 3339. */
  at: string;
  /** When it was given up; milliseconds since 1970. */
  diedAt: number;
  reason: string;
  attempts: number;
  crashes: number;
  /** The row as it came, as JSON. */
  raw: string;
  /** The answer that could not be delivered. */
  undelivered: Pick<NewReply, "kind" | "body"> | undefined;
}

export interface DeadLetters {
  /** Oldest first, without their rows. */
  list(): Promise<Omit<DeadLetter, "raw" | "undelivered">[]>;
  get(id: string): Promise<DeadLetter | undefined>;
  /**
   * Back into its lane, as a new generation: an undelivered answer is posted again, anything else
   * run again. `rebody` gives the body of the answer for its new generation; without it the body
   * stays as it is. What was uploaded with it is uploaded anew: the platform keeps it for a day only.
   * Resolves with false where there is no such letter. Durable.
   */
  retry(id: string, rebody?: Rebody): Promise<boolean>;
  /** Given up for good. Resolves with false where there is no such letter. Durable. */
  drop(id: string): Promise<boolean>;
}

/** The body of a reply that is posted anew: the ids in it follow from the generation. */
export type Rebody = (body: string, kind: ReplyKind, generation: number) => string;
