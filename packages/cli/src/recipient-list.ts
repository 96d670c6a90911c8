/** The recipients of `personalize`: who they are, who gets a file now, and what it is called. */
import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { didYouMean } from "@smileloop/core/errors/near.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { type PersonalizeJobParams, recipientsOptions } from "@smileloop/core/kinds/personalize.ts";
import { tierOf } from "@smileloop/core/kinds/tiers.ts";
import { columnNamed } from "@smileloop/core/recipients/columns.ts";
import { fileNamesOf } from "@smileloop/core/recipients/file-names.ts";
import { readReport } from "@smileloop/core/recipients/read-report.ts";
import { type Recipient, type Recipients, readRecipients, sentenceOf } from "@smileloop/core/recipients/recipients.ts";
import type { ReportRow } from "@smileloop/core/recipients/report.ts";
import type { InputFile } from "./input-file.ts";
import type { PersonalizeArgs } from "./personalize-args.ts";
import { UsageError } from "./usage-error.ts";

export const REPORT = "report.csv";
const ENDINGS = { audio: "mp3", video: "mp4" } as const;

/** `file`: in the folder of the results. */
export type Addressed = { recipient: Recipient; file: string };

/** A list that cannot be used; `lines` are its faults. */
export class ListError extends Error {
  readonly lines: string[];
  constructor(lines: string[]) {
    super(lines[0]);
    this.lines = lines;
  }
}

/** All of the list, named as the archive of a server names them. Throws ListError. */
export async function readList(
  file: InputFile,
  given: string,
  params: PersonalizeJobParams,
): Promise<{ all: Addressed[]; warnings: Recipients["warnings"] }> {
  const found = await readRecipients(await readFile(file.path), recipientsOptions(params, file.type));
  if (found.faults.length > 0) throw new ListError(faultsOf(found, given, params));
  const names = fileNamesOf(found.rows, ENDINGS[tierOf(params.tier).makes], [REPORT]);
  return { all: found.rows.map((recipient, nth) => ({ recipient, file: names[nth]! })), warnings: found.warnings };
}

function faultsOf({ columns, faults }: Recipients, given: string, params: PersonalizeJobParams): string[] {
  const name = basename(given);
  if (columns.length > 0 && columnNamed(columns, params.name_column) === null) {
    const near = didYouMean(params.name_column, columns);
    return [`Missing column '${params.name_column}' in ${name}. The columns are: ${columns.join(", ")}.${near}`];
  }
  return faults.map((fault) => `${fault.about === undefined ? name : "--text"}: ${sentenceOf(fault)}`);
}

/** Throws UsageError where nobody or several are meant. */
export function previewed(all: readonly Addressed[], asked: string): Addressed {
  const byRow = /^\d+$/.test(asked) ? all.find(({ recipient }) => recipient.row === Number(asked)) : undefined;
  if (byRow) return byRow;
  const bare = (text: string) => text.normalize("NFC").trim().toLowerCase();
  const named = all.filter(({ recipient }) => bare(recipient.name) === bare(asked));
  const [one, other] = named;
  if (one && !other) return one;
  const rows = named.map(({ recipient }) => recipient.row).join(", ");
  const why = one
    ? `rows ${rows} have this name; give the number of one of them`
    : "the list has neither a recipient of this name nor such a row";
  throw new UsageError(`--preview "${asked}": ${why}.`, "personalize");
}

/** What an earlier run has left: its report by row, and the files of the list that are there. */
export async function earlier(outdir: string, all: readonly Addressed[]) {
  const text = await readFile(join(outdir, REPORT), "utf8").catch(() => null);
  const report = text === null ? [] : ((await readReport(text)) ?? []);
  const rows = new Map(report.map((row) => [row.row, row]));
  const there = new Set<number>();
  for (const { recipient, file } of all) {
    const isFile = await stat(join(outdir, file)).then(
      (found) => found.isFile() && found.size > 0,
      () => false,
    );
    // the list may have changed since: then the file is somebody else's
    const told = rows.get(recipient.row);
    if (isFile && (told === undefined || (told.name === recipient.name && told.file === file)))
      there.add(recipient.row);
  }
  return { rows, there };
}

/** Throws `conflict` for a file that is there already. */
export function requireFree(todo: readonly Addressed[], there: ReadonlySet<number>, args: PersonalizeArgs): void {
  const taken = todo.find(({ recipient }) => there.has(recipient.row));
  if (!taken || args.force || args.dryRun) return;
  const path = join(args.outdir, taken.file);
  const help = "add --resume to make only what is missing, or --force to overwrite";
  throw new AppError("conflict", `"${path}" exists already; ${help}.`);
}

/** The report of this run and of those before it, in the order of the list. */
export function mergedReport(
  all: readonly Addressed[],
  old: { rows: ReadonlyMap<number, ReportRow>; there: ReadonlySet<number> },
  made: ReadonlyMap<number, ReportRow>,
): ReportRow[] {
  return all.flatMap(({ recipient: { row, name }, file }): ReportRow[] => {
    const now = made.get(row);
    if (now) return [now];
    const before = old.rows.get(row);
    if (!old.there.has(row)) return before?.name === name && before.status !== "succeeded" ? [before] : [];
    return [before ?? { row, name, file, status: "succeeded", warnings: [] }];
  });
}
