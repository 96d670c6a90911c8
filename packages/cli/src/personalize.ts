/** `smileloop personalize`: a video and a list of people become a file for each of them, in a folder. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import type { JobStore } from "@smileloop/core/jobs/jobs.ts";
import { createKinds } from "@smileloop/core/kinds/index.ts";
import type { PersonalizeJobParams } from "@smileloop/core/kinds/personalize.ts";
import { createLog } from "@smileloop/core/log.ts";
import { type ReportRow, reportOf } from "@smileloop/core/recipients/report.ts";
import type { HandlerMaker, PlanHandler } from "@smileloop/worker/kinds/handler.ts";
import { createHandlers, HANDLERS } from "@smileloop/worker/kinds/index.ts";
import { reportRowOf } from "@smileloop/worker/kinds/personalize-result.ts";
import { builtInEngine, ENGINES } from "../../../functions/engines/index.ts";
import { capabilitiesOf } from "../../../functions/setup/engines-served.ts";
import { createBatchReport } from "./batch-report.ts";
import type { InputFile } from "./input-file.ts";
import { openInput } from "./input-file.ts";
import { interrupted } from "./interrupt.ts";
import { checkAsked, type LocalAsked } from "./local-asked.ts";
import { runBatch } from "./local-batch.ts";
import { marksHere, setupsHere } from "./local-job.ts";
import { PARAMS, type PersonalizeArgs } from "./personalize-args.ts";
import { knownPresets } from "./presets.ts";
import {
  type Addressed,
  earlier,
  ListError,
  mergedReport,
  previewed,
  REPORT,
  readList,
  requireFree,
} from "./recipient-list.ts";
import { EXIT, printJson } from "./report.ts";
import { writeTarget } from "./target.ts";

const KIND = "personalize";
/** Of its parts, which decides the engine. */
const PART = "insert";

/** Resolves with the exit code: 1 also where a recipient has failed. Throws UsageError. */
export async function personalize(args: PersonalizeArgs): Promise<number> {
  const stop = interrupted();
  const folder = await mkdtemp(join(tmpdir(), "smileloop-"));
  try {
    return await run(args, folder, stop);
  } catch (error) {
    if (stop.aborted) {
      if (args.json) printJson({ ok: false, error: { code: "canceled", detail: "Stopped." } });
      return EXIT.interrupted;
    }
    const lines = error instanceof ListError ? error.lines : null;
    if (!lines && !(error instanceof AppError)) throw error;
    const detail = lines?.join("\n") ?? (error as AppError).message;
    const code = error instanceof AppError ? error.code : "invalid_request";
    if (args.json) printJson({ ok: false, error: { code, detail } });
    else for (const line of lines ?? [detail]) process.stderr.write(`Error: ${line}\n`);
    return EXIT.failed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What is to be done: for whom, with what, and what earlier runs have left. */
type Batch = {
  args: PersonalizeArgs;
  all: Addressed[];
  todo: Addressed[];
  old: Awaited<ReturnType<typeof earlier>>;
  files: Record<string, InputFile[]>;
  folder: string;
  signal: AbortSignal;
};

async function run(args: PersonalizeArgs, folder: string, signal: AbortSignal): Promise<number> {
  const kinds = kindsHere();
  const { kind, params } = checkAsked(kinds, askedOf(args));
  const open = (path: string, slot: string) => openInput(path, { slot: kind.slots[slot]!, folder, signal });
  const list = await open(args.recipients, "recipients");
  const { all, warnings } = await readList(list, args.recipients, params as PersonalizeJobParams);
  const files = { video: [await open(args.video, "video")], recipients: [list] };
  if (!args.json) for (const { detail } of warnings) process.stderr.write(`smileloop: ${detail}\n`);
  const old = await earlier(args.outdir, all);
  const wanted = args.preview === null ? all : [previewed(all, args.preview)];
  const todo = args.resume ? wanted.filter(({ recipient }) => !old.there.has(recipient.row)) : wanted;
  requireFree(todo, old.there, args);
  if (args.dryRun) return tellDryRun(args, todo);
  const made = todo.length === 0 ? new Map() : await make({ args, all, todo, old, files, folder, signal });
  return tell(args, todo, made);
}

/** Only the kinds of the built-in engine, and plans of them. */
function kindsHere() {
  const { name, kinds } = builtInEngine();
  const serve = new Map(kinds.map((kind) => [kind, [name]]));
  const engines = { known: ENGINES, serve, capabilities: capabilitiesOf(ENGINES, null) };
  return createKinds({ presets: knownPresets(), engines });
}

function askedOf({ params, video, recipients }: PersonalizeArgs, rows?: number[]): LocalAsked {
  const named = Object.entries(PARAMS).map(([option, { param }]) => [param, option]);
  return {
    kind: KIND,
    params: rows === undefined ? params : { ...params, rows },
    inputs: { video, recipients },
    options: { ...Object.fromEntries(named), markers: "placeholders", natural: "fit", subject: "consent" },
  };
}

function tellDryRun({ outdir, json }: PersonalizeArgs, todo: Addressed[]): number {
  const paths = todo.map(({ file }) => join(outdir, file));
  if (json) printJson({ ok: true, dry_run: true, files: paths });
  else for (const path of paths) process.stdout.write(`[dry-run] Would create: ${path}\n`);
  return EXIT.done;
}

/** Makes the files, and says each as it comes. Answers what became of each recipient, by row; also leaves it as a report. */
async function make(batch: Batch): Promise<Map<number, ReportRow>> {
  const { args, all, todo, old, files, folder, signal } = batch;
  const [first] = (await setupsHere({ kind: PART, params: {}, command: KIND })).values();
  const { engine: setup } = first!;
  await makeFolder(args.outdir);
  const quiet = args.quiet || args.json;
  const report = await createBatchReport({ total: todo.length, quiet, bar: process.stderr.isTTY === true });
  const made = new Map<number, ReportRow>();
  const kinds = kindsHere();
  const rows = todo.map(({ recipient }) => recipient.row);
  try {
    await runBatch({
      ...{ kinds, files, folder, signal },
      submission: checkAsked(kinds, askedOf(args, todo.length === all.length ? undefined : rows)),
      handlers: createHandlers({ presets: knownPresets() }, { ...HANDLERS, [KIND]: withoutArchive }),
      ...marksHere({ kind: KIND }, createLog({ level: "silent" })),
      setup: { ...setup, slots: Math.min(setup.slots, todo.length) },
      onEnded: async (child, store) => {
        const addressed = todo[(child.index ?? 0) - 1];
        // the first part looks at the video; what is wrong with that is wrong with the whole
        if (!addressed) return;
        made.set(addressed.recipient.row, await deliver(args, addressed, child, store));
        report.update(made.size, [...made.values()].filter(({ status }) => status !== "succeeded").length);
      },
    });
  } finally {
    report.stop();
    if (made.size > 0) await writeFile(join(args.outdir, REPORT), reportOf(mergedReport(all, old, made)));
  }
  return made;
}

/** Here the files themselves are the result, and an archive of them would only take room. */
const withoutArchive: HandlerMaker = (context) => {
  const { plan } = HANDLERS[KIND]!(context) as PlanHandler;
  return {
    plan: async (job, ended, io) => (ended.length > 1 ? { outputs: {}, warnings: [] } : plan(job, ended, io)),
  };
};

async function deliver(
  { outdir, json }: PersonalizeArgs,
  { recipient, file: name }: Addressed,
  child: JobRecord,
  { files }: JobStore,
): Promise<ReportRow> {
  const file = child.state === "succeeded" ? (Object.values(child.outputs)[0] ?? null) : null;
  if (file) {
    const path = join(outdir, name);
    await writeTarget(path, (await files.get(file.key)).body);
    await files.purge(file.key);
    if (!json) process.stdout.write(`${path}\n`);
  }
  return reportRowOf({ recipient, child, file, name });
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new AppError("storage_unavailable", `The folder "${path}" cannot be made (${error.code}).`, { cause: error });
  });
}

function tell(
  { json, quiet, outdir }: PersonalizeArgs,
  todo: Addressed[],
  made: ReadonlyMap<number, ReportRow>,
): number {
  const rows = todo.flatMap(({ recipient }) => made.get(recipient.row) ?? []);
  const failed = rows.filter(({ status }) => status !== "succeeded");
  if (json) {
    const files = rows.flatMap(({ row, name, file }) =>
      file === undefined ? [] : [{ row, name, file: join(outdir, file) }],
    );
    printJson({
      ...{ ok: failed.length === 0, outdir, files },
      failed: failed.map(({ row, name, code, detail }) => ({ row, name, code, detail })),
    });
  } else if (failed.length > 0) {
    process.stderr.write(`Error: ${failed.length} of ${rows.length} recipients failed:\n`);
    for (const { row, name, detail } of failed) process.stderr.write(`  row ${row}, ${name}: ${detail ?? "stopped"}\n`);
  } else if (!quiet && rows.length === 0) process.stderr.write("smileloop: All files are there already.\n");
  return failed.length > 0 ? EXIT.failed : EXIT.done;
}
