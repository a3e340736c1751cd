/** What Prometheus is told of the process, under the names that all clients use. */
import { readdirSync, readFileSync } from "node:fs";
import type { Family } from "./prometheus.ts";

/** `startedAt`: milliseconds since 1970. What the system does not tell is left out. */
export function processFamilies(version: string, startedAt: number): Family[] {
  const { user, system } = process.cpuUsage();
  return [
    one("molecule_build_info", "Which build this is; always 1.", "gauge", 1, { version }),
    one(
      "process_cpu_seconds_total",
      "User and system time of the processor, in seconds.",
      "counter",
      (user + system) / 1_000_000,
    ),
    one(
      "process_resident_memory_bytes",
      "Memory that the process occupies, in bytes.",
      "gauge",
      process.memoryUsage.rss(),
    ),
    one(
      "process_start_time_seconds",
      "When the process began, in seconds since 1970.",
      "gauge",
      startedAt / 1_000,
    ),
    one("process_open_fds", "Open file descriptors.", "gauge", openFiles()),
    one("process_max_fds", "Most file descriptors that may be open.", "gauge", mostFiles()),
  ];
}

function one(
  name: string,
  help: string,
  type: Family["type"],
  value: number | undefined,
  labels = {},
): Family {
  return { name, help, type, samples: value === undefined ? [] : [{ labels, value }] };
}

/** Less the one that it takes to look. Linux only. */
function openFiles(): number | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return undefined;
  }
}

function mostFiles(): number | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const [, soft] =
      /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1")) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
