/**
 * What each recipient of a batch asks of S3 and SQS, counted at the doubles: a batch of a few and one of more, made by the real engine, and
 * what there is more of in the larger one. The counts go to `aws-batch.json`, from which costs are computed.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { childId } from "@smileloop/core/job/ids.ts";
import { sweepAlone } from "@smileloop/core/jobs/sweep.ts";
import { createSmileloop } from "@smileloop/sdk/index.ts";
import { openBatchWorkers } from "../../test/support/batch-workers.ts";
import { type Counts, countsOf, totalOf } from "./aws-calls.ts";
import { inFolder } from "./clip.ts";
import { talkingFilm } from "./lipsync.ts";
import { type Figure, median, type Part } from "./measure.ts";

/** Of a recipient: until the archive is there, and what sweeps do until nothing is left. `bytes`: of their file. */
export type BatchCalls = { recipient: Counts; after: Counts; bytes: number };

type World = Awaited<ReturnType<typeof openBatchWorkers>>;
type Counted = BatchCalls & { seconds: number[] };

const [FEW, MORE] = [2, 22];
const SECONDS = 8;
const MINUTE_MS = 60_000;

export const batch: Part = { name: "batch", figures: () => inFolder(figuresOf) };

async function figuresOf(dir: string): Promise<Figure[]> {
  const film = readFileSync(await talkingFilm(dir, { seconds: SECONDS, heard: true }));
  const few = await counted(film, FEW);
  const more = await counted(film, MORE);
  const each: BatchCalls = {
    recipient: perRecipient(more.recipient, few.recipient),
    after: perRecipient(more.after, few.after),
    bytes: Math.round(more.bytes / MORE),
  };
  writeFileSync(new URL("aws-batch.json", import.meta.url), `${JSON.stringify(each, null, 2)}\n`);
  const told = (name: string, counts: Record<string, number>): Figure => ({
    ...{ name, unit: "calls", value: totalOf(counts), target: null },
    note: Object.entries(counts)
      .map(([call, count]) => `${count} ${call}`)
      .join(", "),
  });
  return [
    told("a recipient (gold): S3", each.recipient.s3),
    told("  SQS", each.recipient.sqs),
    told("  what sweeps do about it: S3", each.after.s3),
    { name: `  a worker's time, of a video of ${SECONDS} s`, unit: "s", value: median(more.seconds), target: null },
    { name: "  its file", unit: "MB", value: each.bytes / 1e6, target: null },
  ];
}

async function counted(film: Uint8Array, count: number): Promise<Counted> {
  const world = await openBatchWorkers({ seed: 1, due: () => 0 });
  try {
    const smileloop = createSmileloop({ baseUrl: world.api.url });
    const names = Array.from({ length: count }, (_, n) => `Recipient ${n + 1}`);
    const made = await Promise.race([smileloop.personalize(film, names, { tier: "gold" }), world.broken]);
    const failed = made.job.warnings.find(({ code }) => code === "recipients_failed");
    if (failed) throw new Error(failed.detail);
    const seconds = names.map((_, n) => secondsOf(world, childId(made.job.id, n + 1)));
    await world.stop();
    const recipient = callsOf(world, /^W/);
    return { recipient, after: await sweptAway(world), bytes: made.output.bytes, seconds };
  } finally {
    await world.close();
  }
}

function secondsOf({ history }: World, id: string): number {
  const { started_at, ended_at } = history.of(id).at(-1)!.record;
  return (ended_at! - started_at!) / 1000;
}

/** Until nothing of the batch is left but what the bucket's lifecycle takes away. */
async function sweptAway(world: World): Promise<Counts> {
  const { double, sweeperStore } = world;
  for (const minutes of [6, 60, 61, 24 * 60]) {
    world.forward(minutes * MINUTE_MS);
    const swept = await sweepAlone(sweeperStore, { forgetKeys: false });
    if (swept?.failed !== 0) throw new Error("A sweep has failed.");
  }
  const left = double.store.keys().filter((key) => !/^(locks|idempotency|audit|owners)\//.test(key));
  if (left.length > 0) throw new Error(`There is something left: ${left.slice(0, 5).join(", ")}`);
  return callsOf(world, /^sweeper$/);
}

/** Calls since the last time whose key is like this. A receive for each message: others are counted where nothing is to be done. */
function callsOf({ double, sqs }: World, by: RegExp): Counts {
  const signer = (authorization = "") => /Credential=([^/]+)\//.exec(authorization)?.[1] ?? "";
  const s3 = double.seen
    .splice(0)
    .filter(({ status, headers }) => status !== 403 && by.test(signer(headers.authorization)));
  const actions = sqs.calls
    .splice(0)
    .filter((call) => by.test(call.by) && call.action !== "ReceiveMessage")
    .flatMap(({ action }) => (action === "DeleteMessage" ? ["ReceiveMessage", action] : [action]));
  const names = [...s3.map(({ operation }) => `S3 ${operation}`), ...actions.map((action) => `SQS ${action}`)];
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return countsOf({ all: counts });
}

/** To a tenth of a call. */
function perRecipient(more: Counts, few: Counts): Counts {
  const less = (a: Record<string, number>, b: Record<string, number>) =>
    Object.fromEntries(
      Object.entries(a)
        .map(([name, count]) => [name, Math.round((10 * (count - (b[name] ?? 0))) / (MORE - FEW)) / 10] as const)
        .filter(([, count]) => count > 0),
    );
  return { s3: less(more.s3, few.s3), sqs: less(more.sqs, few.sqs) };
}
