/** Jobs as the clients of this API see them: generations. */
import type { JobRecord } from "@smileloop/core/job/record.ts";
import type { ApiDeps } from "../../deps.ts";
import { rfc3339 } from "../../view.ts";
import { whyFailed } from "../job-end.ts";
import { type LipsyncStatus, OUTPUT, statusOf, urlOf, videoLink } from "../lipsync-jobs.ts";
import { FILE_NAME, MODELS } from "./request.ts";

export type Generation = {
  id: string;
  createdAt: string;
  status: LipsyncStatus;
  model: string;
  input: object[];
  options: object;
  outputUrl: string | null;
  /** Seconds. */
  outputDuration: number | null;
  outputFileName: string | null;
  error: string | null;
  error_code: string | null;
  errorCode: string | null;
  webhookUrl: null;
};

/**
 * Whatever comes to nothing is FAILED: clients as Sync.so documents them ask until a generation is COMPLETED or FAILED, and would ask
 * for ever after one that is called otherwise. Its SDK reads `error_code` where its later documents have `errorCode`.
 */
export async function generationOf(deps: ApiDeps, request: Request, record: JobRecord): Promise<Generation> {
  const now = deps.clock.now();
  const status = statusOf(record, now);
  const { metadata, outputs } = record;
  const isDone = status === "COMPLETED";
  const code = status === "FAILED" ? (record.error?.code ?? (record.state === "canceled" ? "canceled" : "gone")) : null;
  return {
    id: record.id,
    createdAt: rfc3339(record.created_at),
    status,
    model: metadata.model ?? MODELS[0],
    input: inputsOf(record),
    options: optionsOf(record),
    outputUrl: isDone ? await videoLink(deps, request, record, FILE_NAME) : null,
    outputDuration: isDone ? (outputs[OUTPUT]?.duration ?? null) : null,
    outputFileName: metadata.output_filename ?? null,
    error: status === "FAILED" ? whyFailed(record, now) : null,
    ...{ error_code: code, errorCode: code },
    webhookUrl: null,
  };
}

/** A file that came with the request has no URL; a URL has lost its query, which may be secret. */
function inputsOf(record: JobRecord): object[] {
  const fileOf = (type: "video" | "audio") => {
    const url = urlOf(record, type);
    return { type, ...(url === null ? {} : { url }) };
  };
  const { text, voice = "" } = record.params;
  const isHeard = record.inputs.audio !== undefined || record.fetches?.some(({ slot }) => slot === "audio") === true;
  if (isHeard || text === undefined) return [fileOf("video"), fileOf("audio")];
  return [fileOf("video"), { type: "text", provider: { name: "elevenlabs", voiceId: voice, script: text } }];
}

function optionsOf({ params, metadata }: JobRecord): object {
  const { temperature } = metadata;
  const asked = temperature === undefined || !/^[\d.]+$/.test(temperature) ? {} : { temperature: Number(temperature) };
  return { sync_mode: params.sync_mode ?? "cut_off", ...asked };
}
