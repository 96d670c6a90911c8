/** Sends a file straight to the storage, by a link that the server signs for exactly these bytes. */
import { SmileloopError } from "./errors.ts";
import { typeOf } from "./file-type.ts";
import { type Http, TRIES } from "./http.ts";
import type { UploadTarget } from "./types.ts";

/** A file of a form, a blob, or bytes. */
export type FileSource = Blob | ArrayBuffer | Uint8Array;

export type UploadOptions = {
  /** Media type, where the file has another than it says. The server looks at the content in any case. */
  type?: string | undefined;
  signal?: AbortSignal | undefined;
  /** How many bytes have been sent. Only browsers tell between the start and the end. */
  onProgress?: ((sent: number, total: number) => void) | undefined;
};

/** Answers the upload's id, for the inputs of jobs. Throws `SmileloopError`: `upload_failed` where the storage refused it. */
export async function upload(http: Http, file: FileSource, options: UploadOptions): Promise<string> {
  const { signal, onProgress } = options;
  const body = file instanceof Blob ? file : new Blob([file as Uint8Array<ArrayBuffer>]);
  const type = (options.type ?? body.type) || (await typeOf(body));
  const request = { content_type: type, size: body.size };
  const target = await http.json<UploadTarget>("/v1/uploads", { method: "POST", body: request, signal, safe: true });
  onProgress?.(0, body.size);
  for (let nth = 0; ; nth++) {
    const status = await put(http, target, body, options).catch((error: unknown) => {
      if (error instanceof SmileloopError) return 0;
      throw error;
    });
    // 412: an earlier try had arrived, and only its reply was lost
    if ((status >= 200 && status < 300) || status === 412) {
      onProgress?.(body.size, body.size);
      return target.id;
    }
    const passing = status === 0 || status === 408 || status === 429 || status >= 500;
    if (!passing || nth + 1 >= TRIES) {
      const why = status === 0 ? "The storage cannot be reached." : `The storage answered ${status}.`;
      throw new SmileloopError("upload_failed", why, { retryable: passing, ...(status ? { status } : {}) });
    }
    await http.pause(nth, signal);
  }
}

/** Status of the reply. */
async function put(http: Http, target: UploadTarget, body: Blob, options: UploadOptions): Promise<number> {
  const { method, url, headers } = target;
  const { XMLHttpRequest: Xhr } = globalThis as { XMLHttpRequest?: new () => Xhr };
  if (options.onProgress && Xhr) return putByXhr(new Xhr(), target, body, options);
  const { signal } = options;
  const reply = await http.raw(url, { method, headers, body, ...(signal ? { signal } : {}) });
  // so that the connection can be used again
  await reply.arrayBuffer().catch(() => {});
  return reply.status;
}

/** What is used of an `XMLHttpRequest`, which only browsers and React Native have. */
type Xhr = {
  upload: { onprogress: ((event: { loaded: number; total: number }) => void) | null };
  readonly status: number;
  onload: (() => void) | null;
  onerror: (() => void) | null;
  onabort: (() => void) | null;
  onloadend: (() => void) | null;
  open: (method: string, url: string) => void;
  setRequestHeader: (name: string, value: string) => void;
  send: (body: Blob) => void;
  abort: () => void;
};

/** The only way in browsers to learn how much was sent. */
function putByXhr(
  xhr: Xhr,
  { method, url, headers }: UploadTarget,
  body: Blob,
  options: UploadOptions,
): Promise<number> {
  const { signal, onProgress } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => xhr.abort();
    signal?.addEventListener("abort", abort, { once: true });
    xhr.upload.onprogress = ({ loaded, total }) => onProgress?.(loaded, total);
    xhr.onload = () => resolve(xhr.status);
    xhr.onerror = () => resolve(0);
    xhr.onabort = () => reject(signal?.reason);
    xhr.onloadend = () => signal?.removeEventListener("abort", abort);
    xhr.open(method, url);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.send(body);
  });
}
