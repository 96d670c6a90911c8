/** Bodies of forms, byte by byte as clients send them. */

export type Part = { name: string; filename?: string; body: Uint8Array | string };

const BOUNDARY = "----smileloop-test";

export function multipart(parts: Part[]): { body: Uint8Array; type: string } {
  const chunks = parts.flatMap(({ name, filename, body }) => [
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? "" : `; filename="${filename}"`}\r\n\r\n`,
    ),
    Buffer.from(body as Uint8Array),
    Buffer.from("\r\n"),
  ]);
  const body = Buffer.concat([...chunks, Buffer.from(`--${BOUNDARY}--\r\n`)]);
  return { body, type: `multipart/form-data; boundary=${BOUNDARY}` };
}

/** The start of a chunkless request whose file is announced with `length` bytes in all; the file itself has to follow. */
export function requestHead(length: number | "chunked"): string {
  const size = length === "chunked" ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`;
  return `POST /animate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\n${size}\r\n\r\n`;
}

export function fileHead(name: string): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"; filename="a.jpg"\r\n\r\n`;
}

/**
 * What PowerShell 7 sends for `-Form @{source_image = Get-Item .\photo.jpg; preset = "gentle_smile"}`: names without quotes,
 * `filename*` beside `filename`, a boundary in quotes.
 */
export function powershellForm(image: Uint8Array): { body: Uint8Array; type: string } {
  const boundary = "5f2c6b0e-7c39-4f0e-9d0a-2f1b8c1f7a64";
  const body = Buffer.concat([
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name=source_image; filename=photo.jpg; filename*=utf-8''photo.jpg\r\n` +
        "Content-Type: application/octet-stream\r\n\r\n",
    ),
    Buffer.from(image),
    Buffer.from(
      `\r\n--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=preset\r\n\r\n` +
        `gentle_smile\r\n--${boundary}--\r\n`,
    ),
  ]);
  return { body, type: `multipart/form-data; boundary="${boundary}"` };
}
