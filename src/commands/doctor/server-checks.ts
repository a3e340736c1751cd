/** The platform itself: whether it answers, as what, at what time, and how often it may be asked. */
import { probeClock, probeCursor, probeServer, probeTenant } from "../../platform/probes.ts";
import { ExitCode } from "../../shared/errors.ts";
import { failed, fromProbe, ok, SHARED, skipped, warning, type Check } from "./check.ts";

/** From here on the times that messages carry begin to mislead. */
const SKEW_MS = 30_000;
/** Of the calls that a minute allows: with fewer left, something else uses them up. */
const LOW_SHARE = 0.1;

export const NO_WORKSPACE = "no workspace is named";

export const reachable: Check = {
  name: "reachable",
  title: "the platform",
  needs: ["address", "dns", "proxy", "certificate"],
  without: "the platform can't be reached",
  network: "only",
  deadlineMs: 5_000,
  async run(patient) {
    return fromProbe(await probeServer(await patient.client(), patient.clock));
  },
};

export const tenant: Check = {
  name: "tenant",
  title: "the tenant's headers",
  needs: ["reachable"],
  without: "the platform's API does not answer here",
  network: "only",
  deadlineMs: 5_000,
  async run(patient) {
    return fromProbe(await probeTenant(await patient.client()));
  },
};

export const clock: Check = {
  name: "clock",
  title: "the clock",
  needs: ["reachable"],
  network: "only",
  deadlineMs: 5_000,
  async run(patient) {
    const probe = await probeClock(await patient.client(), patient.clock);
    if (!probe.ok || Math.abs(probe.ms ?? 0) <= SKEW_MS) return fromProbe(probe);
    return warning(probe.detail, probe.hint);
  },
};

export const rateLimit: Check = {
  name: "rate-limit",
  title: "the rate limit",
  needs: ["reachable"],
  network: "only",
  deadlineMs: 5_000,
  async run(patient) {
    // A token that can't be read is told of by its own check.
    const token = await patient.ownToken().then(
      (found) => found.token,
      () => ({ value: undefined }),
    );
    const platform = await patient.client(token);
    const probe = await probeServer(platform, patient.clock);
    const limit = platform.rateLimit();
    if (!probe.ok) return fromProbe(probe);
    if (limit === undefined) return ok("the platform names none");
    const left = `${limit.remaining} of ${limit.limit} calls a minute are left`;
    return limit.remaining < limit.limit * LOW_SHARE ? warning(left, SHARED) : ok(left);
  },
};

export const cursor: Check = {
  name: "cursor",
  title: "the feed's cursor",
  needs: ["tenant", "token"],
  network: "only",
  deadlineMs: 5_000,
  async run(patient) {
    const { workspaceId } = patient;
    if (workspaceId === undefined) return skipped(NO_WORKSPACE);
    const { token } = await patient.ownToken();
    const probe = await probeCursor(await patient.client(token), workspaceId);
    return probe.ok || probe.failure !== undefined
      ? fromProbe(probe)
      : failed(probe.detail, probe.hint, ExitCode.failed);
  },
};
