/** A sweep of many records of which few are due. */
import { newId } from "@smileloop/core/job/ids.ts";
import { jobPrefix, timerKey } from "@smileloop/core/job/keys.ts";
import { sweepOnce } from "@smileloop/core/jobs/sweep.ts";
import { type AwsHome, countsOf, oneJob, openAwsHome, totalOf } from "./aws-calls.ts";
import { median, type Part, timed } from "./measure.ts";

const RECORDS = 100_000;
const DUE = 10;
const MINUTE_MS = 60_000;

export const sweep: Part = {
  name: "sweep",
  figures: async () => {
    const home = await openAwsHome();
    try {
      const made = await timed(1, () => fill(home));
      process.stderr.write(`  ${RECORDS} records in ${Math.round(made[0]!)} ms\n`);
      const [ms] = await timed(1, async () => {
        const swept = await sweepOnce(home.store, { forgetKeys: false });
        if (swept.expired !== DUE || swept.failed > 0) throw new Error(JSON.stringify(swept));
      });
      const { s3 } = countsOf({ sweep: home.calls() });
      // each prefix that is purged is listed: that belongs to its job
      const lists = (s3.ListObjectsV2 ?? 0) - DUE;
      const name = `a sweep of ${RECORDS.toLocaleString("en")} records, ${DUE} of them due`;
      const named = Object.entries(s3).map(([call, count]) => `${count} ${call}`);
      const note = `${named.join(", ")}; without the sweeper's lease (3)`;
      return [
        { name: `${name}: all calls`, unit: "calls", value: totalOf(s3), target: 3 + 6 * DUE, note },
        { name: "  listings of timers, uploads and cached files", unit: "calls", value: lists, target: 3 },
        { name: "  for each job that is due", unit: "calls", value: (totalOf(s3) - lists) / DUE, target: 6 },
        { name: "  its time", unit: "ms", value: median([ms!]), target: null },
      ];
    } finally {
      await home.close();
    }
  },
};

/** Jobs whose results are an hour old, and others that nothing is to be done about yet: each a record and a timer. */
async function fill({ api, bucket, calls, ...home }: AwsHome): Promise<void> {
  const { clock, double } = bucket;
  for (let n = 0; n < DUE; n++) await oneJob({ api, bucket, calls, ...home });
  // the first look finds them ended, and puts their timers to the hour
  await clock.advance(6 * MINUTE_MS);
  await sweepOnce(home.store, { forgetKeys: false });
  await clock.advance(55 * MINUTE_MS);
  // uploads are an hour old as well, and are counted elsewhere
  for (const key of double.store.keys().filter((name) => name.startsWith("uploads/"))) double.store.remove(key);

  const now = clock.now();
  const jobs = Array.from({ length: RECORDS - DUE }, (_, n) => {
    const atMs = now + 1000 + Math.floor((n * 60 * MINUTE_MS) / RECORDS);
    return { owner: "local", id: newId(now), atMs };
  });
  const body = Buffer.from(JSON.stringify({ filled: "x".repeat(1000) }));
  const put = (key: string, content: Buffer) =>
    double.store.put(key, { body: content, type: "application/json", metadata: {} }, {});
  for (const key of jobs.map(timerKey).sort()) put(key, Buffer.alloc(0));
  for (const key of jobs.map(({ owner, id }) => `${jobPrefix(owner, id)}job.json`).sort()) put(key, body);
  // the first call after a leap of the clock is refused and sent again
  await home.store.records.get("local", newId(now)).catch(() => null);
  calls();
}
