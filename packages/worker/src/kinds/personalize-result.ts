/** The last step of `personalize`: who has a file, in an archive; and what became of everybody, in a report. */
import { AppError, type Warning } from "@smileloop/core/errors.ts";
import type { JobOutput, JobRecord } from "@smileloop/core/job/record.ts";
import { endingOf } from "@smileloop/core/media/types.ts";
import { fileNamesOf } from "@smileloop/core/recipients/file-names.ts";
import type { Recipient } from "@smileloop/core/recipients/recipients.ts";
import { type ReportRow, reportOf } from "@smileloop/core/recipients/report.ts";
import { clip } from "@smileloop/core/text.ts";
import type { StoreIo } from "../job-io.ts";
import { storeArchive } from "./archive.ts";
import type { HandlerResult } from "./handler.ts";

/** Name of the report in the archive. */
const REPORT = "report.csv";
/** Rows that a warning lists. */
const MOST_ROWS = 20;

/** `children`: of the chosen recipients, in their order. `warnings`: of the job as a whole. */
type Done = { all: Recipient[]; chosen: Recipient[]; children: JobRecord[]; warnings: Warning[] };

/** A recipient with what was made; `file`: null where nothing was. */
type Made = { recipient: Recipient; child: JobRecord; file: JobOutput | null; name: string };

/** Throws the first error where nobody has a file. */
export async function deliver(done: Done, { created_at }: JobRecord, io: StoreIo): Promise<HandlerResult> {
  const made = madeOf(done);
  const failed = made.filter(({ file }) => file === null);
  if (failed.length === made.length) throw allFailed(failed);
  const report = Buffer.from(reportOf(made.map(reportRowOf)));
  const delivered = made.flatMap(({ file, name }) => (file ? [{ name, file }] : []));
  const entries = [...delivered, { name: REPORT, bytes: report }];
  const outputs = {
    archive: await storeArchive(io, "archive", entries, created_at),
    report: await io.storeStream("report", () => only(report), { type: "text/csv" }),
  };
  return { outputs, warnings: [...failedWarning(failed, made), ...done.warnings, ...sharedWarnings(made)] };
}

/** Files are named by the whole list, so that a later job for some of its rows names them the same. */
function madeOf({ all, chosen, children }: Done): Made[] {
  const files = children.map(fileOf);
  const ending = endingOf(files.find((file) => file !== null)?.type ?? "");
  const names = new Map(fileNamesOf(all, ending, [REPORT]).map((name, nth) => [all[nth]!.row, name]));
  return chosen.map((recipient, nth) => ({
    ...{ recipient, child: children[nth]!, file: files[nth]!, name: names.get(recipient.row)! },
  }));
}

/** The only output of a recipient's part of the job. */
function fileOf({ state, outputs }: JobRecord): JobOutput | null {
  return state === "succeeded" ? (Object.values(outputs)[0] ?? null) : null;
}

export function reportRowOf({ recipient: { row, name }, child, file, name: fileName }: Made): ReportRow {
  const { error, warnings } = child;
  const voices = file?.voices ?? [];
  const listed = (list: string[]) => (list.length === 0 ? undefined : [...new Set(list)].join(" "));
  return {
    ...{ row, name, file: file ? fileName : undefined },
    status: file ? "succeeded" : child.state === "canceled" ? "canceled" : "failed",
    code: error?.code,
    detail: error?.detail,
    voice: listed(voices.map((voice) => voice.name)),
    language: listed(voices.map((voice) => voice.language)),
    seconds: file?.duration,
    warnings: warnings.map(({ detail }) => detail),
  };
}

function allFailed(failed: Made[]): AppError {
  const [{ recipient, child }] = failed as [Made];
  const { code, detail, input } = child.error ?? { code: "internal" as const, detail: "It came to no end." };
  const others = failed.length === 1 ? "The only recipient" : `All ${failed.length} recipients`;
  return new AppError(code, `${others} failed. Row ${recipient.row}: ${detail}`, { input });
}

function failedWarning(failed: Made[], made: Made[]): Warning[] {
  const [first] = failed;
  if (!first) return [];
  const rows = failed.slice(0, MOST_ROWS).map(({ recipient }) => recipient.row);
  const listed = `${failed.length === 1 ? "row" : "rows"} ${rows.join(", ")}${failed.length > MOST_ROWS ? ", …" : ""}`;
  const why = clip(first.child.error?.detail ?? `It was ${first.child.state}.`, 200);
  const detail = `${failed.length} of ${made.length} recipients failed, ${listed}. Row ${first.recipient.row}: ${why}`;
  return [{ code: "recipients_failed", detail }];
}

/** Each warning once, with how many recipients have it. */
function sharedWarnings(made: Made[]): Warning[] {
  const found = new Map<string, { first: string; row: number; count: number }>();
  for (const { recipient, child } of made) {
    for (const { code, detail } of new Map(child.warnings.map((warning) => [warning.code, warning])).values()) {
      const known = found.get(code);
      if (known) known.count++;
      else found.set(code, { first: detail, row: recipient.row, count: 1 });
    }
  }
  return [...found].map(([code, { first, row, count }]) => ({
    code,
    detail: `${count} of ${made.length} recipients, row ${row} first: ${first}`,
  }));
}

async function* only(bytes: Uint8Array) {
  yield bytes;
}
