/**
 * A job whose work is done by a service elsewhere, so that it is paid for once and not held while it is done there.
 *
 *     claim ─▶ external? ──none──▶ the work is made ready ─▶ external {provider, id: null} ─▶ sent ─▶ external {provider, id} ─▶ waits
 *                │  └──no id──▶ made ready ─▶ looked for by the job's key ──found──────────────────────────▲
 *                │                                  └──not found: sent again, with the same key ───────────┘
 *                └──id──▶ asked ──working──▶ waits
 *                           ├─────done─────▶ downloaded, and finished as if an engine had made it
 *                           └─────failed───▶ failed, with the reason
 *
 * Waiting is a hand-back that counts neither as a failure nor as a claim; another worker may come next. Whatever comes between "sent"
 * and the id (a crash, a lost reply), and also where a worker that was thought to be dead sends after all: the key is the job's, and
 * the service does the work of one key once. `core/jobs/job-service-protocol.test.ts` goes through every order of events.
 */

import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { PROTOCOL, type Ready } from "@smileloop/core/engine/protocol.ts";
import { ServiceBusy, ServiceLost } from "@smileloop/core/engine/service-errors.ts";
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import type { JobRecord, Progress } from "@smileloop/core/job/record.ts";
import type { Log } from "@smileloop/core/log.ts";
import { type Seals, type Secrets, secretsOf } from "@smileloop/core/seals.ts";
import type { FetchFile } from "../fetch/fetch-file.ts";
import type { EngineProcess } from "../process/engine-process.ts";
import { type Access, type Service, ServiceWait, type Work } from "./service.ts";

/** The first pause before a service is asked again, and the longest. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS, GROWTH] = [2000, 30_000, 1.3];
const LONGEST_ASKED_MS = 10 * 60_000;

export type ElsewhereOptions = {
  service: Service;
  record: JobRecord;
  secrets: Secrets;
  dir: string;
  signal: AbortSignal;
  log: Log;
  fetchFile: FetchFile;
  /** Changes the record as the holder of its claim, and answers it. */
  write: (change: { do: "external"; external: JobRecord["external"] | null }) => Promise<JobRecord>;
  report: (progress: Progress) => void;
  serving: (service: string) => EngineProcess;
};

/** What a service says of itself, as a process of an engine would. */
export function readyOf(name: string, { kinds, version }: Service): Ready {
  return {
    type: "ready",
    protocol: PROTOCOL,
    engine: name,
    version,
    kinds: [...kinds],
    checks: [],
    services: [],
  };
}

/**
 * The engine of one job. First asks after what was sent before: throws ServiceWait while it is being worked on, `service_failed` with the
 * reason. The engine's `request` then sends the work, which ends in ServiceWait, or downloads what was made of it.
 */
export async function openElsewhere(options: ElsewhereOptions): Promise<Pick<EngineProcess, "request">> {
  const { service, record, secrets, signal, log } = options;
  const access: Access = { params: record.params, secrets, signal };
  const waiting = pauseOf(record);
  /** Nobody knows what became of it: it is asked again. */
  const orWait = async <T>(what: string, ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (error) {
      const silent = error instanceof ServiceBusy || error instanceof ServiceLost;
      if (signal.aborted || !(silent || hasCode(error, "fetch_unavailable"))) throw error;
      log.warn({ err: error, provider: service.provider }, `${what} will be tried again`);
      throw new ServiceWait(silent ? pauseOf(record, error.againMs) : waiting);
    }
  };

  let url: string | null = null;
  const { external } = record;
  if (external && external.provider !== service.provider) {
    throw new AppError(
      "service_failed",
      `The job was given to ${external.provider}, which is not set up here any more.`,
    );
  }
  const id = external?.id ?? null;
  if (id !== null) {
    const seen = await orWait("asking after the work", () => service.look(id, access));
    if (seen.state === "failed") throw new AppError("service_failed", seen.reason);
    if (seen.state === "working") {
      if (seen.percent !== null) options.report(progressOf(record, seen.percent));
      throw new ServiceWait(waiting);
    }
    url = seen.url;
  }

  const send = async (work: Work): Promise<never> => {
    service.check(work, access);
    const key = record.id;
    const sent = await orWait("sending the work", async () => {
      const there = external ? await service.find(key, access) : null;
      if (there !== null) return there;
      if (!external) await options.write({ do: "external", external: { provider: service.provider, id: null } });
      return service.submit(work, key, access).catch(async (error: unknown) => {
        // certainly not taken, and not before: there is nothing to be looked for
        if (!external && error instanceof ServiceBusy) await options.write({ do: "external", external: null });
        throw error;
      });
    });
    await options.write({ do: "external", external: { provider: service.provider, id: sent } });
    log.info({ provider: service.provider, external: sent }, "work sent elsewhere");
    throw new ServiceWait(waiting);
  };

  return {
    async request(message, { result }) {
      if (url === null) return send(message as Work);
      const path = join(options.dir, "from-service.mp4");
      const from = url;
      await orWait("downloading the result", () => download(options, from, path));
      const finishing = { params: record.params, signal, serving: options.serving };
      const made = result.safeParse(await service.finish(message as Work, path, finishing));
      if (made.success) return made.data;
      throw new AppError("engine_failed", "The result of the service is not what was asked for.", {
        cause: made.error,
      });
    },
  };
}

/** A result that cannot be had for good is the service's fault, and none of the inputs'. */
async function download({ service, fetchFile, signal }: ElsewhereOptions, url: string, path: string): Promise<void> {
  const save = (chunks: AsyncIterable<Uint8Array>) =>
    pipeline(Readable.from(chunks), createWriteStream(path, { flags: "wx", mode: 0o600 }), { signal });
  try {
    await fetchFile(url, { maxBytes: service.maxBytes, signal }, save);
  } catch (error) {
    if (!hasCode(error, "fetch_refused", "fetch_failed", "too_large")) throw error;
    const { message } = error as AppError;
    throw new AppError("service_failed", `The result of the service could not be fetched. ${message}`, {
      cause: error,
    });
  }
}

/** Longer with each wait, but never past what it says itself. */
function pauseOf({ waits = 0 }: JobRecord, askedMs: number | null = null): number {
  if (askedMs !== null) return Math.min(LONGEST_ASKED_MS, Math.max(1000, askedMs));
  return Math.min(LONGEST_PAUSE_MS, Math.round(FIRST_PAUSE_MS * GROWTH ** Math.min(waits, 20)));
}

function progressOf({ progress }: JobRecord, percent: number): Progress {
  return { stage: progress?.stage ?? "render", done: percent, total: 100, percent: progress?.percent ?? 0 };
}

type CancelDeps = { processes: { service?: Service | undefined } | null; seals?: Seals | undefined; log: Log };
const CANCEL_MS = 10_000;

/** Tells the service of a job that is canceled, if it can be told and has the job. Never throws: the job is canceled in any case. */
export async function cancelElsewhere({ processes, seals, log }: CancelDeps, record: JobRecord): Promise<void> {
  const { external } = record;
  const { service } = processes ?? {};
  if (!service?.cancel || external?.provider !== service.provider || external.id === null) return;
  try {
    const { params } = record;
    await service.cancel(external.id, {
      params,
      secrets: secretsOf(seals, record),
      signal: AbortSignal.timeout(CANCEL_MS),
    });
  } catch (error) {
    log.warn({ err: error, jobId: record.id, provider: service.provider }, "the service was not told of a cancel");
  }
}
