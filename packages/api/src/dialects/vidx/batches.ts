/** `POST /jobs`: a form becomes a job that makes a file for each recipient. */
import { AppError } from "@smileloop/core/errors.ts";
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { emptyForm } from "../../http/multipart.ts";
import type { RequestBody } from "../../http/request-body.ts";
import type { StoredUpload } from "../../intake/check.ts";
import { submit } from "../../submit.ts";
import type { DialectDeps } from "../dialect.ts";
import { dropAll } from "../form-uploads.ts";
import { inputsOf, receive, throwInTheirWords } from "./files.ts";
import { KIND, NAME } from "./names.ts";
import { metadataOf } from "./notes.ts";
import { paramsOf, readAsked, TEXT_PARTS } from "./request.ts";
import { chooseVoice } from "./voice.ts";

const FILES = { base_video: "video", recipients: "recipients", voice_sample: "voice_sample" };

type Incoming = { owner: string; body: RequestBody; contentType: string | null };

/** Throws what the form has wrong, in the names of its fields. */
export async function createBatch(deps: DialectDeps, { owner, ...incoming }: Incoming): Promise<JobRecord> {
  const kind = deps.kinds.get(KIND);
  if (!kind) throw new AppError("engine_not_configured", "Nothing here makes personalised videos.");
  const form = emptyForm<StoredUpload>();
  try {
    await receive(deps, owner, incoming, { fields: TEXT_PARTS, files: FILES, kind }, form);
    const { fields, files, faults } = form;
    const asked = readAsked({ fields, files: [...files.keys()], faults }, deps.config.allowedPrograms);
    const { params, ...voice } = chooseVoice(deps.voices, asked);
    const { record } = await submit(deps, {
      owner,
      kind: KIND,
      inputs: inputsOf(form, FILES),
      params: { ...paramsOf(asked), ...params },
      metadata: metadataOf(asked, fields, voice),
      dialect: NAME,
    }).catch(throwInTheirWords);
    return record;
  } finally {
    // the job has copies
    await dropAll(deps, owner, form);
  }
}
