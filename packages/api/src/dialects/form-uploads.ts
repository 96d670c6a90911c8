/** The files of forms, which are kept as uploads until the job has its copies. */
import type { ApiDeps } from "../deps.ts";
import type { Form } from "../http/multipart.ts";
import { dropUpload, type StoredUpload } from "../intake/check.ts";

/** Drops the uploads of a form, whether it was read to its end or not. */
export async function dropAll(deps: Pick<ApiDeps, "files">, owner: string, form: Form<StoredUpload>): Promise<void> {
  // places of a list stay empty where a file was cut off
  const lists = [...form.fileLists.values()].flatMap((list) => list.filter(() => true));
  for (const { id } of [...form.files.values(), ...lists]) await dropUpload(deps, owner, id);
}
