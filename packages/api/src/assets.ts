/** Files that ship with the service and never change while it runs: what the documentation pages load, moving pictures of presets. */
import { AppError } from "@smileloop/core/errors.ts";
import type { Files } from "@smileloop/core/files.ts";
import { sha256Hex } from "@smileloop/core/jobs/jobs.ts";

export type Assets = {
  /** All that there is, such as `docs/swagger-ui.js`. */
  names: ReadonlySet<string>;
  /** Throws `not_found`, and what the storage throws. */
  read(name: string): Promise<Uint8Array>;
};

/** What the pages load: of others' making, and pictures. */
export const PAGE_ASSETS = [
  ...["docs/swagger-ui.js", "docs/swagger-ui.css", "redoc/redoc.js"],
  ...["home/example.jpg", "home/example.webp", "home/still.jpg", "home/favicon.ico"],
];

/** The page at `/`. What it loads lies beside it, named by its contents. */
export const PAGE_INDEX = "page/index.html";
/** The operator's page, which loads its parts from the same folder. */
export const OPERATOR_INDEX = "page/jobs.html";
const PAGE_FILE = /^page\/\w[\w.-]*$/;

export function previewAsset(preset: string): string {
  return `previews/${preset}.webp`;
}

/** Where a deployment puts this version's assets into the storage. */
export function assetKey(version: string, name: string): string {
  return `assets/${version}/${name}`;
}

/** Assets that a deployment has put into the storage, under `assetKey`. What the page loads need not be named. */
export function storedAssets(options: { files: Pick<Files, "get">; version: string; names: Iterable<string> }): Assets {
  const { files, version } = options;
  const names = new Set(options.names);
  return {
    names,
    async read(name) {
      if (!names.has(name) && !PAGE_FILE.test(name)) throw new AppError("not_found", "There is no such file.");
      const { body } = await files.get(assetKey(version, name));
      return new Uint8Array(await new Response(body).arrayBuffer());
    },
  };
}

/** Sends an asset with its hash as the ETag, so that a client that has it already gets 304. */
export function sendBytes(
  request: Request,
  { bytes, etag }: { bytes: Uint8Array; etag: string },
  type: string,
  more: Record<string, string>,
): Response {
  const headers = { ...more, ETag: etag };
  const known = request.headers.get("if-none-match")?.split(",") ?? [];
  if (known.some((tag) => tag.trim().replace(/^W\//, "") === etag)) return new Response(null, { status: 304, headers });
  const body = request.method === "HEAD" ? null : new Uint8Array(bytes);
  return new Response(body, { headers: { ...headers, "Content-Type": type, "Content-Length": String(bytes.length) } });
}

/** Each is read once and then kept, with its ETag; a failure is not kept. */
export function keepAssets({ read }: Pick<Assets, "read">) {
  const kept = new Map<string, { bytes: Uint8Array; etag: string }>();
  return async (name: string): Promise<{ bytes: Uint8Array; etag: string }> => {
    const known = kept.get(name);
    if (known) return known;
    const made = withTag(await read(name));
    kept.set(name, made);
    return made;
  };
}

function withTag(bytes: Uint8Array): { bytes: Uint8Array; etag: string } {
  return { bytes, etag: `"${sha256Hex(bytes).slice(0, 32)}"` };
}
