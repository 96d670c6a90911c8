/** The files of this dialect: those that come in forms. */
import { AppError, hasCode } from "@smileloop/core/errors.ts";
import type { Kind } from "@smileloop/core/kinds/kind.ts";
import type { ApiDeps } from "../../deps.ts";
import { type Form, type FormSpec, readMultipart } from "../../http/multipart.ts";
import type { RequestBody } from "../../http/request-body.ts";
import { type StoredUpload, storeUpload } from "../../intake/check.ts";
import { inTheirWords } from "./request.ts";

type Incoming = { body: RequestBody; contentType: string | null };

/** What a form may have. `files`: slots of the kind by the names of the parts. */
type Parts = { fields: FormSpec<unknown>["fields"]; files: Readonly<Record<string, string>>; kind: Kind };

/** Reads a form into `form`, its files as uploads. Throws what `readMultipart` throws. */
export function receive(
  deps: ApiDeps,
  owner: string,
  { body, contentType }: Incoming,
  { fields, files, kind }: Parts,
  form: Form<StoredUpload>,
): Promise<void> {
  const limits = Object.entries(files).map(([part, slot]) => {
    return [part, { maxBytes: kind.slots[slot]!.maxBytes }] as const;
  });
  const maxBytes = Object.fromEntries(limits);
  return readMultipart(
    body,
    contentType,
    {
      fields,
      files: maxBytes,
      onFile: (name, content) => storeUpload(deps, owner, content, maxBytes[name]!),
    },
    form,
  );
}

/** The files of a form as the inputs of a job. */
export function inputsOf(form: Form<StoredUpload>, files: Parts["files"]) {
  return Object.fromEntries(
    Object.entries(files).flatMap(([part, slot]) => {
      const upload = form.files.get(part);
      return upload ? [[slot, [{ upload: upload.id, source: "form" }]]] : [];
    }),
  );
}

/** Throws what a submission threw, in names of the form; a file that is not what it should be is a fault of its field. */
export function throwInTheirWords(error: unknown): never {
  if (!(error instanceof AppError) || !error.errors) throw error;
  const isFile = hasCode(error, "unsupported_type", "empty_file", "input_unreadable");
  const code = isFile ? "invalid_request" : error.code;
  throw new AppError(code, error.message, { cause: error, errors: inTheirWords(error.errors) });
}
