/** `smileloop audit check` and `smileloop erase`. */
import { text as readAll } from "node:stream/consumers";
import { type AuditReport, checkAudit } from "@smileloop/core/audit/check.ts";
import { CHAIN_NAMES } from "@smileloop/core/audit/line.ts";
import { EnvError, readEnv } from "@smileloop/core/env.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { Problem } from "@smileloop/core/wire/problem.ts";
import { openAudit } from "../../../functions/setup/audit-home.ts";
import { EXIT, printJson } from "./report.ts";
import type { AuditArgs, EraseArgs } from "./trust-args.ts";

/** Resolves with the exit code. Throws AppError. */
export async function checkAudits({ heads, json }: AuditArgs): Promise<number> {
  const { store, place, close } = await openAudit(environment());
  try {
    const reports: Record<string, AuditReport> = {};
    for (const chain of CHAIN_NAMES) reports[chain] = await checkAudit(store, chain, chain === "trust" ? heads : []);
    const ok = Object.values(reports).every(({ faults }) => faults.length === 0);
    if (json) printJson({ ok, chains: reports });
    else process.stdout.write(`${place}\n${Object.entries(reports).map(textOf).join("")}`);
    return ok ? EXIT.done : EXIT.failed;
  } finally {
    await close();
  }
}

function environment() {
  try {
    return readEnv();
  } catch (error) {
    if (error instanceof EnvError) throw new AppError("invalid_request", error.message, { cause: error });
    throw error;
  }
}

function textOf([chain, { lines, head, faults }]: [string, AuditReport]): string {
  if (lines === 0 && !head && faults.length === 0) return `${chain}: nothing was written down there\n`;
  const last = head ? `, the last ${head.seq}:${head.hash}` : "";
  const found = faults.map(({ place, detail }) => `  at ${place}: ${detail}\n`);
  return `${chain}: ${lines} lines${last}, ${faults.length === 0 ? "as they were written" : "NOT as they were written"}\n${found.join("")}`;
}

/** Resolves with the exit code. Throws AppError. */
export async function erase({ server, keyStdin, json }: EraseArgs): Promise<number> {
  const key = keyStdin ? (await readAll(process.stdin)).trim() : null;
  const headers: Record<string, string> = key === null ? {} : { Authorization: `Bearer ${key}` };
  const reply = await fetch(`${server}/v1/owner`, { method: "DELETE", headers }).catch((error: unknown) => {
    throw new AppError("unavailable", `There is no answer from ${server}; is the server running?`, { cause: error });
  });
  const answer = (await reply.json().catch(() => null)) as
    | ({ jobs: number; uploads: number } & Partial<Problem>)
    | null;
  if (!reply.ok || answer === null) {
    throw new AppError(answer?.code ?? "unavailable", answer?.detail ?? `${server} answered ${reply.status}.`);
  }
  if (json) printJson({ ok: true, ...answer });
  else process.stdout.write(`Erased: jobs ${answer.jobs}, uploads ${answer.uploads}\n`);
  return EXIT.done;
}
