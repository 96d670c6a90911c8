/** What is drawn over time: numbers of the server, kept in this page since it was opened. */
import type { Overview, Queue } from "./server.ts";
import type { TextKey } from "./texts/en.ts";
import { bytes, number } from "./texts.ts";

export const KEPT_MINUTES = 15;

/** `null` where the server does not say. */
export type Plot = {
  name: TextKey;
  say: (value: number) => string;
  at: (before: Overview, now: Overview) => number | null;
};

const REQUESTS = "smileloop_http_request_duration_seconds";
const perMinute = (name: string, label?: string) => (before: Overview, now: Overview) =>
  times(60, rate(before, now, name, label));

export const PLOTS: readonly Plot[] = [
  { name: "plot_waiting", say: number, at: (_, now) => sum(now, "waiting") },
  { name: "plot_running", say: number, at: (_, now) => sum(now, "running") },
  { name: "plot_succeeded", say: number, at: perMinute("smileloop_jobs_total", "succeeded") },
  { name: "plot_failed", say: number, at: perMinute("smileloop_jobs_total", "failed") },
  { name: "plot_requests", say: number, at: (before, now) => rate(before, now, `${REQUESTS}_count`) },
  { name: "plot_reply", say: (ms) => `${number(ms)} ms`, at: replyMs },
  { name: "plot_memory", say: bytes, at: (_, now) => figure(now, "process_resident_memory_bytes") },
  {
    name: "plot_cpu",
    say: (percent) => `${number(percent, 0)} %`,
    at: (before, now) => times(100, rate(before, now, "process_cpu_seconds_total")),
  },
  { name: "plot_storage", say: number, at: perMinute("smileloop_storage_errors_total") },
  { name: "plot_lost", say: number, at: perMinute("smileloop_engine_restarts_total") },
];

/** Those of the last minutes, with the new one. */
export function withSample(samples: readonly Overview[], sample: Overview): Overview[] {
  const from = Date.parse(sample.at) - KEPT_MINUTES * 60_000;
  // one that was asked for by several is the same
  const kept = samples.filter(({ at }) => Date.parse(at) >= from && at < sample.at);
  return [...kept, sample];
}

/** Its values between each two samples; null: the server does not say. */
export function valuesOf({ at }: Plot, samples: readonly Overview[]): (number | null)[] {
  return samples.slice(1).map((now, nth) => at(samples[nth]!, now));
}

function sum({ queues }: Overview, of: keyof Pick<Queue, "waiting" | "running">): number | null {
  const known = queues.map((queue) => queue[of]).filter((count) => count !== null);
  return known.length === 0 ? null : known.reduce((total, count) => total + count, 0);
}

/** What was never counted is 0 where anything is. */
function figure({ figures }: Overview, name: string, label?: string): number | null {
  if (figures === null) return null;
  return figures.find((each) => each.name === name && each.label === (label ?? null))?.value ?? 0;
}

/** Growth a second; a server that was started again counts from nothing. */
function rate(before: Overview, now: Overview, name: string, label?: string): number | null {
  const [from, to] = [figure(before, name, label), figure(now, name, label)];
  const seconds = (Date.parse(now.at) - Date.parse(before.at)) / 1000;
  return from === null || to === null || seconds <= 0 ? null : Math.max(0, to - from) / seconds;
}

function replyMs(before: Overview, now: Overview): number | null {
  const [spent, count] = [rate(before, now, `${REQUESTS}_sum`), rate(before, now, `${REQUESTS}_count`)];
  return spent === null || count === null ? null : count === 0 ? 0 : (spent / count) * 1000;
}

function times(factor: number, value: number | null): number | null {
  return value === null ? null : value * factor;
}
