/** Jobs of a test API, made as a client makes them. */
import { newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { jpegBytes, type TestApi } from "./api.ts";
import { wavBytes } from "./talking-avatar.ts";

async function* only(bytes: Uint8Array) {
  yield bytes;
}

export async function makeUpload({ deps, clock }: TestApi): Promise<string> {
  const upload = newId(clock.now());
  await deps.files.put(uploadKey("local", upload), only(jpegBytes()), { type: "image/jpeg" });
  return upload;
}

export async function makeSound({ deps, clock }: TestApi): Promise<string> {
  const upload = newId(clock.now());
  await deps.files.put(uploadKey("local", upload), only(wavBytes()), { type: "audio/wav" });
  return upload;
}

/** A queued job of the owner `local`. */
export async function makeJob(
  api: TestApi,
  headers: Record<string, string> = {},
  more: object = {},
): Promise<{ owner: string; id: string }> {
  const upload = await makeUpload(api);
  const body = JSON.stringify({ kind: "animate", inputs: { image: { upload } }, params: { preset: "blink" }, ...more });
  const request = new Request("http://localhost/v1/jobs", {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body,
  });
  return { owner: "local", id: ((await (await api.app.fetch(request)).json()) as { id: string }).id };
}
