/** A stored file as a reply: ranges, conditions, HEAD (RFC 9110, sections 13 and 14). */
import { hasCode } from "@smileloop/core/errors.ts";
import type { ByteRange, StoredFile } from "@smileloop/core/files.ts";
import type { ApiDeps } from "../deps.ts";

type SendOptions = {
  /** Content-Type of the reply. */
  type: string;
  /** Content-Disposition of the reply. */
  disposition: string;
};

/** Answers 200, 206, 304 or 416. Throws `not_found` when there is no such file. */
export async function sendFile(
  { files }: Pick<ApiDeps, "files">,
  request: Request,
  key: string,
  options: SendOptions,
): Promise<Response> {
  const { signal } = request;
  const range = request.method === "GET" ? parseRange(request.headers.get("range")) : null;
  let file: StoredFile;
  try {
    file = await files.get(key, { range: range ?? undefined, signal });
  } catch (error) {
    if (!hasCode(error, "range_not_satisfiable")) throw error;
    file = await files.get(key);
    if (!isStale(request, file)) return withoutBody(file, 416, { "Content-Range": `bytes */${file.bytes}` });
  }
  if (file.range && isStale(request, file)) {
    await file.body.cancel();
    file = await files.get(key, { signal });
  }
  const headers = headersOf(file, options);
  if (matchesTag(request.headers.get("if-none-match"), `"${file.etag}"`)) return withoutBody(file, 304, headers);
  const length = file.range ? file.range.last - file.range.first + 1 : file.bytes;
  headers["Content-Length"] = String(length);
  if (file.range) headers["Content-Range"] = `bytes ${file.range.first}-${file.range.last}/${file.bytes}`;
  if (request.method === "HEAD" || length === 0) return withoutBody(file, 200, headers);
  return new Response(file.body, { status: file.range ? 206 : 200, headers });
}

/** `attachment; filename="clip.mp4"`; `name` is ours: plain ASCII, no quotes. */
export function dispositionOf(name: string, inline = false): string {
  return `${inline ? "inline" : "attachment"}; filename="${name}"`;
}

/** The requested range; null where there is none, several, or an invalid one, which all mean the whole file. */
function parseRange(header: string | null): ByteRange | null {
  const parts = /^bytes\s*=\s*(\d{0,15})-(\d{0,15})$/i.exec(header?.trim() ?? "");
  if (!parts) return null;
  const [first, last] = [parts[1]!, parts[2]!];
  if (first === "")
    return last === "" ? null : Number(last) === 0 ? { first: Number.MAX_SAFE_INTEGER } : { first: -Number(last) };
  if (last === "") return { first: Number(first) };
  return Number(last) < Number(first) ? null : { first: Number(first), last: Number(last) };
}

function headersOf(file: StoredFile, { type, disposition }: SendOptions): Record<string, string> {
  return {
    "Content-Type": type,
    "Content-Disposition": disposition,
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-cache",
    ETag: `"${file.etag}"`,
  };
}

/** Whether If-Range names another content than the stored one, so that a range of it would not fit what the client has. */
function isStale(request: Request, file: StoredFile): boolean {
  const ifRange = request.headers.get("if-range");
  return ifRange !== null && ifRange.trim() !== `"${file.etag}"`;
}

/** Whether If-None-Match names the ETag; weak ones count as well (RFC 9110, 13.1.2). */
export function matchesTag(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  const bare = (tag: string) => tag.trim().replace(/^W\//, "");
  const tags = ifNoneMatch.split(",").map(bare);
  return tags.includes("*") || tags.includes(bare(etag));
}

async function withoutBody(file: StoredFile, status: number, headers: Record<string, string>): Promise<Response> {
  await file.body.cancel();
  return new Response(null, { status, headers });
}
