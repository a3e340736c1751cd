/**
 * The name of no host, which the resolver refuses without a question to the network: a part of a name has at
 * most 63 characters (RFC 1035, 2.3.4).
 */
export const NO_SUCH_HOST = `${"no-such-host-".repeat(5)}x.invalid`;
