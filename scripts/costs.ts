/**
 * `npm run costs [-- --write]`: what a stack costs a month while nobody uses it, and per 1,000 clips, from the calls that
 * `npm run bench:aws` counts and from list prices. `--write` puts it into docs/deploy.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MACHINE } from "../infra/policy/batch.ts";
import { readSettings } from "../infra/policy/settings.ts";
import { alarms } from "../infra/policy/watch.ts";
import { FUNCTIONS, queueSpecs } from "../infra/policy.ts";
import { readArgs } from "./options.ts";
import { ASSUMED, PRICES, type Price } from "./prices.ts";

/** Calls by the operation's name. */
export type Calls = { s3: Record<string, number>; sqs: Record<string, number> };
/** `lambdaJob`: from upload to download; `after`: what sweeps do about it until its record is gone; `sweep`: one that finds nothing. */
type CountedCalls = { lambdaJob: Calls; job: Calls; after: Calls; sweep: Calls };

/** Of a recipient of a batch (`npm run bench:aws`); `bytes`: of their file. */
type BatchCalls = { recipient: Calls; after: Calls; bytes: number };

/**
 * Of a clip of 512 pixels and 4 s, by `npm run bench -- --only lambda`. `seconds`: of the worker, from its message to its end; `coldSeconds`: of
 * the first one of a process, its start included; `megabytes`: of the clip and its poster.
 */
export type ClipFigures = { memoryMb: number; seconds: number; coldSeconds: number; megabytes: number };

type Line = { what: string; usd: number };
/** `watch`: alarms and dashboard that every account has free, a month. */
type Costs = {
  idle: Line[];
  idleGpu: Line[];
  watch: Line[];
  warp: Line[];
  gpu: Line[];
  batch: Line[];
  gpuOnDemandUsd: number;
};

const ROOT = join(import.meta.dirname, "..");
export const DOCS = join(ROOT, "docs/deploy.md");
const CALLS = join(ROOT, "tools/bench/aws-calls.json");
export const CLIP_FIGURES = join(ROOT, "tools/bench/aws-clip.json");
const BATCH_CALLS = join(ROOT, "tools/bench/aws-batch.json");
const FREE = ["DeleteObject", "DeleteObjects", "AbortMultipartUpload"];
const READS = ["GetObject", "HeadObject"];
const CLIPS = 1000;
const GPU = { GPU: "1", GPU_IMAGE: "x" };
/** Of every account, always. */
const FREE_ALARMS = 10;

export function readCalls(): CountedCalls {
  return JSON.parse(readFileSync(CALLS, "utf8")) as CountedCalls;
}

export function readBatchCalls(): BatchCalls {
  return JSON.parse(readFileSync(BATCH_CALLS, "utf8")) as BatchCalls;
}

export function readClip(): ClipFigures {
  return JSON.parse(readFileSync(CLIP_FIGURES, "utf8")) as ClipFigures;
}

export function costs(calls: CountedCalls, batch: BatchCalls, clip: ClipFigures): Costs {
  const { minutesPerMonth, pollsPerMinute } = ASSUMED;
  const minutes = minutesPerMonth.value;
  const alarmsOf = (variables: Record<string, string>) =>
    alarms({ stage: "production" }, readSettings(variables)).length;
  const alarmCount = alarmsOf({});
  const queues = queueSpecs(readSettings({})).length;
  const looks = (queues: number) => per(minutes * queues * pollsPerMinute.value, 1e6, PRICES.sqs.usd);
  return {
    idle: [
      { what: "the sweeper, each minute (S3)", usd: minutes * s3(calls.sweep) },
      { what: "the sweeper, each minute (Lambda)", usd: minutes * lambda("sweep", ASSUMED.sweepSeconds.value) },
      { what: `looks into ${queues} queues (SQS)`, usd: looks(queues) },
      {
        what: `${alarmCount - FREE_ALARMS} alarms more than are free`,
        usd: (alarmCount - FREE_ALARMS) * PRICES.alarm.usd,
      },
      { what: "logs", usd: minutes * logs(ASSUMED.sweepLogKilobytes.value) },
    ],
    // of the queue of pokes; machines only run while there is work
    idleGpu: [
      { what: "looks into the queue (SQS)", usd: looks(1) },
      { what: "alarms", usd: (alarmsOf(GPU) - alarmCount) * PRICES.alarm.usd },
    ],
    watch: [
      { what: `${FREE_ALARMS} alarms`, usd: FREE_ALARMS * PRICES.alarm.usd },
      { what: "a dashboard", usd: PRICES.dashboard.usd },
    ],
    warp: [
      { what: "rendering (Lambda)", usd: CLIPS * lambda("warp", secondsOf(clip)) },
      ...forEachClip(calls.lambdaJob, calls.after, clip),
    ],
    gpu: [
      { what: "rendering (g6.xlarge on Spot)", usd: gpuUsd(PRICES.g6Spot) },
      ...forEachClip(calls.job, calls.after, clip),
    ],
    batch: forEachRecipient(batch),
    gpuOnDemandUsd: gpuUsd(PRICES.g6OnDemand),
  };
}

export function total(lines: Line[]): number {
  return lines.reduce((sum, { usd }) => sum + usd, 0);
}

/** What 1,000 clips cost besides their rendering. */
function forEachClip(job: Calls, after: Calls, clip: ClipFigures): Line[] {
  const { apiRequests, apiSeconds, logKilobytes } = ASSUMED;
  return [
    { what: "files and records (S3)", usd: CLIPS * (s3(job) + s3(after)) },
    { what: "messages (SQS)", usd: CLIPS * (sqs(job) + sqs(after)) },
    { what: "the API (Lambda)", usd: CLIPS * apiRequests.value * lambda("api", apiSeconds.value) },
    { what: "downloads", usd: per(CLIPS * clip.megabytes, 1000, PRICES.transfer.usd) },
    { what: "logs", usd: CLIPS * logs(logKilobytes.value) },
  ];
}

function secondsOf({ seconds, coldSeconds }: ClipFigures): number {
  return seconds + (coldSeconds - seconds) / ASSUMED.clipsPerStart.value;
}

/** What 1,000 recipients of one batch cost. */
function forEachRecipient({ recipient, after, bytes }: BatchCalls): Line[] {
  const { insertSeconds, planSeconds, logKilobytes } = ASSUMED;
  return [
    { what: "putting words in (Lambda)", usd: CLIPS * lambda("warp", insertSeconds.value) },
    { what: "the plan and the archive (Lambda)", usd: CLIPS * lambda("plans", planSeconds.value) },
    { what: "files and records (S3)", usd: CLIPS * (s3(recipient) + s3(after)) },
    { what: "messages (SQS)", usd: CLIPS * (sqs(recipient) + sqs(after)) },
    { what: "downloads", usd: per(CLIPS * bytes, 1e9, PRICES.transfer.usd) },
    { what: "logs", usd: CLIPS * logs(logKilobytes.value) },
  ];
}

/** A thousand clips in a row on one machine that starts for them, and stays a while after. */
function gpuUsd(machine: Price): number {
  const { gpuSeconds, gpuStartMinutes } = ASSUMED;
  const { idleExitS = 0 } = readSettings(GPU).gpu ?? {};
  const hours = (CLIPS * gpuSeconds.value + gpuStartMinutes.value * 60 + idleExitS) / 3600;
  return hours * gpuHourUsd(machine);
}

/** With its disk and its address. */
export function gpuHourUsd(machine: Price): number {
  const [{ ebs }] = MACHINE.blockDeviceMappings as [(typeof MACHINE.blockDeviceMappings)[0]];
  const monthly = ebs.volumeSize * PRICES.disk.usd + (ebs.throughput - 125) * PRICES.diskSpeed.usd;
  return machine.usd + PRICES.address.usd + monthly / (ASSUMED.minutesPerMonth.value / 60);
}

function s3({ s3 }: Calls): number {
  return Object.entries(s3).reduce((sum, [name, count]) => {
    if (FREE.includes(name)) return sum;
    return sum + per(count, 1000, (READS.includes(name) ? PRICES.s3Read : PRICES.s3Write).usd);
  }, 0);
}

function sqs({ sqs }: Calls): number {
  return per(
    Object.values(sqs).reduce((sum, count) => sum + count, 0),
    1e6,
    PRICES.sqs.usd + PRICES.sqsFair.usd,
  );
}

function lambda(name: "api" | "sweep" | "warp" | "plans", seconds: number): number {
  const { memoryMb } = FUNCTIONS.find((one) => one.name === name)!;
  return per(1, 1e6, PRICES.lambdaRequest.usd) + (memoryMb / 1024) * seconds * PRICES.lambdaTime.usd;
}

function logs(kilobytes: number): number {
  return per(kilobytes, 1e6, PRICES.logs.usd);
}

function per(count: number, unit: number, usd: number): number {
  return (count / unit) * usd;
}

/** As it stands in the documentation. */
export function costsText(found: Costs, clip: ClipFigures): string {
  const table = (head: string, lines: Line[]) => [
    `| ${head} | $ |`,
    "| --- | ---: |",
    ...lines.map(({ what, usd }) => `| ${what} | ${usd.toFixed(2)} |`),
    `| **together** | **${total(lines).toFixed(2)}** |`,
    "",
  ];
  const prices = Object.values(PRICES).map(
    ({ usd, per, from, of }) =>
      `| ${per} | ${usd.toFixed(10).replace(/0+$/, "").replace(/\.$/, "")} | ${from} | ${of} |`,
  );
  return [
    ...table("a month in which nobody uses it", found.idle),
    `With \`GPU=1\`, ${total(found.idleGpu).toFixed(2)} more. Not in it: ${found.watch.map(({ what }) => what).join(" and ")}, because ` +
      `every account has ten and three of them free, always; one that uses these up for others pays ${total(found.watch).toFixed(2)}.`,
    "",
    ...table("1,000 clips by `warp` (512 pixels, 4 s), on Lambda", found.warp),
    ...table("1,000 clips by `liveportrait`, in a row, on one machine that starts for them", found.gpu),
    ...table("1,000 recipients of a batch (`gold`, a video of 8 s and 1280 × 720), on Lambda", found.batch),
    `On-Demand instead of Spot: rendering is ${found.gpuOnDemandUsd.toFixed(2)}.`,
    "",
    `Measured (\`npm run bench -- --only lambda\`): a clip takes ${clip.seconds} s of a worker that is up and ${clip.coldSeconds} s of one that starts for it, ` +
      `with the processors that ${clip.memoryMb} MB bring; it has ${clip.megabytes} MB with its poster.`,
    "",
    "Taken to be so:",
    "",
    ...Object.values(ASSUMED).map(({ value, says }) => `- ${value.toLocaleString("en")} ${says}`),
    "",
    "| price | $ | | from |",
    "| --- | ---: | --- | --- |",
    ...prices,
  ].join("\n");
}

const MARKS = /(<!-- costs[^>]*-->)[\s\S]*?(<!-- \/costs -->)/;

/** The documentation with these costs in it. */
export function withCosts(docs: string, text: string): string {
  if (!MARKS.test(docs)) throw new Error("docs/deploy.md has no place for the costs.");
  return docs.replace(MARKS, (_, begin: string, end: string) => `${begin}\n\n${text}\n\n${end}`);
}

const HELP = "npm run costs -- [--write]    computes what a stack costs; --write puts it into docs/deploy.md";

if (import.meta.main) {
  const { values } = readArgs("costs", HELP, { options: { write: { type: "boolean" } } });
  const clip = readClip();
  const text = costsText(costs(readCalls(), readBatchCalls(), clip), clip);
  process.stdout.write(`${text}\n`);
  if (values.write) writeFileSync(DOCS, withCosts(readFileSync(DOCS, "utf8"), text));
}
