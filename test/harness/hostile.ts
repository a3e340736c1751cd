/** Values that nobody would send in good faith, for property tests of what reads strangers' data. */
import fc from "fast-check";

/** The words of the contract, so that invented values reach behind the first look. */
const KEYS = [
  ...["params", "message", "parts", "content", "text", "kind", "type", "file", "root", "metadata"],
  ...["messageId", "message_id", "contextId", "task_id", "role", "name", "uri", "url", "bytes"],
  ...["id", "source_id", "activity_type", "method", "status", "request_body", "response_body"],
  ...["created_at", "seq", "molecule_reply", "__proto__", "constructor", "toString", "length"],
];
const WORDS = ["text", "file", "message/send", "a2a_receive", "ok", "notify", "agent", "user", ""];

const leaf = fc.oneof(
  fc.constantFrom<unknown>(...WORDS, null, undefined, true, 0, -1, NaN, Infinity),
  fc.string({ unit: "binary" }),
  fc.double(),
);

/** JSON-like values made of the contract's own words, at the wrong places. */
export const wordy: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    leaf,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie("value"), { maxKeys: 6 }),
  ),
})).value;

/** Anything at all: {@link wordy}, whatever JSON can say, and what it can't. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
  wordy,
  fc.jsonValue(),
  fc.json(),
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    key: fc.oneof(fc.constantFrom(...KEYS), fc.string()),
  }),
);
