/** What became of the recipients of a batch: while it goes on by what its record counts, once it is done by its report. */
import { hasCode } from "@smileloop/core/errors.ts";
import { mayRead } from "@smileloop/core/job/may-read.ts";
import { isEnded, type JobRecord } from "@smileloop/core/job/record.ts";
import { readReport } from "@smileloop/core/recipients/read-report.ts";
import type { ReportRow } from "@smileloop/core/recipients/report.ts";
import type { ApiDeps } from "../../deps.ts";
import { OUTPUT } from "./names.ts";

type Failure = { row: number; name: string; code: string | null; detail: string | null };
/** `total`: null until the list was read. `failures`: the first of them. `voice`: all that have spoken, in the order of the list. */
export type Outcome = {
  total: number | null;
  succeeded: number;
  failed: number;
  running: number;
  voice: string | null;
  failures: Failure[];
};

/** Children of such a job before those for recipients: one looks at the video. */
const SURVEYS = 1;
const MAX_FAILURES = 100;

export async function outcomeOf(
  { files, clock }: Pick<ApiDeps, "files" | "clock">,
  record: JobRecord,
): Promise<Outcome> {
  const isReadable = mayRead(record, OUTPUT.report, record.owner, clock.now());
  const report = isReadable ? record.outputs[OUTPUT.report] : undefined;
  const rows = report === undefined ? null : await readReport(await textOf(files, report.key));
  return rows === null ? countsOf(record) : told(rows);
}

function told(rows: readonly ReportRow[]): Outcome {
  const failed = rows.filter(({ status }) => status !== "succeeded");
  const voices = new Set(rows.flatMap(({ voice }) => voice?.split(" ") ?? []));
  return {
    ...{ total: rows.length, succeeded: rows.length - failed.length, failed: failed.length, running: 0 },
    voice: voices.size === 0 ? null : [...voices].join(", "),
    failures: failed
      .slice(0, MAX_FAILURES)
      .map(({ row, name, code = null, detail = null }) => ({ row, name, code, detail })),
  };
}

function countsOf({ children = 0, expected = 0, ended, state }: JobRecord): Outcome {
  const unknown = { voice: null, failures: [] };
  const total = Math.max(children, expected) - SURVEYS;
  if (total < 1) return { total: null, succeeded: 0, failed: 0, running: 0, ...unknown };
  const { succeeded: done = 0, failed: lost = 0, canceled = 0 } = ended ?? {};
  const [succeeded, failed] = [Math.max(0, done - SURVEYS), lost + canceled];
  return {
    total,
    succeeded,
    failed,
    running: isEnded(state) ? 0 : Math.max(0, total - succeeded - failed),
    ...unknown,
  };
}

/** Empty where the file has just gone. */
async function textOf(files: ApiDeps["files"], key: string): Promise<string> {
  const stored = await files.get(key).catch((error: unknown) => {
    if (hasCode(error, "not_found")) return null;
    throw error;
  });
  return stored === null ? "" : new Response(stored.body).text();
}
