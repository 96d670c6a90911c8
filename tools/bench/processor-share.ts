/**
 * Part of this machine's processors for a process and all that it starts, as Lambda gives it by the memory of a function: a control group of
 * Linux with a quota (kernel.org, "CFS Bandwidth Control"). Needs the right to make one, such as root's.
 */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Memory, MB, that comes with one whole processor (docs.aws.amazon.com/lambda, "Configure Lambda function memory"). */
export const ONE_PROCESSOR_MB = 1769;

const PERIOD_US = 20_000;
/** Of version 1, of version 2. */
const PLACES = [
  {
    root: "/sys/fs/cgroup/cpu",
    limits: (us: number) => ({ "cpu.cfs_period_us": PERIOD_US, "cpu.cfs_quota_us": us }),
  },
  { root: "/sys/fs/cgroup", limits: (us: number) => ({ "cpu.max": `${us} ${PERIOD_US}` }) },
];

/** `prefix`: goes before the command and its arguments. */
type Share = { prefix: string[]; end(): Promise<void> };

/** How long processes may take to be gone. */
const END_TRIES = 50;

/** Throws where no such group can be made. */
export function shareOfProcessors(processors: number): Share {
  const place = PLACES.find(({ root }) => existsSync(join(root, "cgroup.procs")));
  if (!place) throw new Error("This machine has no control groups for processors.");
  const group = join(place.root, `smileloop-bench-${process.pid}-${processors.toFixed(2)}`);
  mkdirSync(group, { recursive: true });
  const limits = Object.entries(place.limits(Math.round(processors * PERIOD_US)));
  for (const [name, value] of limits) writeFileSync(join(group, name), `${value}`);
  return {
    prefix: ["/bin/sh", "-c", `echo $$ > ${group}/cgroup.procs && exec "$@"`, "sh"],
    end: () => removeGroup(group, END_TRIES),
  };
}

/** A group with processes cannot be removed. */
async function removeGroup(group: string, tries: number): Promise<void> {
  try {
    rmdirSync(group);
  } catch (error) {
    if (tries === 0) throw error;
    await delay(100);
    await removeGroup(group, tries - 1);
  }
}
