/**
 * One request and its reply, with a form where files are sent. By `node:http` because of Node's `fetch`: where a form of files is given up
 * half-way, its body goes on into a stream that is closed (ERR_INVALID_STATE), which nobody can catch.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";

/** Texts, and files with their names. */
export type Form = Record<string, string | { file: Blob; name: string }>;

type Sent = { method: "GET" | "POST"; headers: Record<string, string>; form?: Form; signal: AbortSignal };
type Received = { status: number; headers: IncomingMessage["headers"]; text: string };

const MAX_REPLY_BYTES = 32 * 1024 * 1024;

/** Follows no redirect. Throws what the connection fails with, and the signal's reason. */
export async function exchange(url: URL, { method, headers, form, signal }: Sent): Promise<Received> {
  const body = form && bodyOf(form);
  const asked = (url.protocol === "https:" ? httpsRequest : httpRequest)(url, {
    ...{ method, agent: false, signal },
    headers: { ...headers, ...body?.headers },
  });
  const replied = new Promise<IncomingMessage>((resolve, reject) => {
    asked.once("response", resolve);
    asked.on("error", reject);
  });
  try {
    if (body) await send(body.parts(), asked, replied);
    asked.end();
    const reply = await replied;
    return { status: reply.statusCode ?? 0, headers: reply.headers, text: await textOf(reply) };
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    asked.destroy();
  }
}

/** Until everything is sent, or a reply has come before that. */
async function send(parts: AsyncIterable<Uint8Array>, to: ClientRequest, replied: Promise<unknown>): Promise<void> {
  let over = false;
  const early = replied.then(
    () => {
      over = true;
    },
    () => {},
  );
  for await (const part of parts) {
    if (over || to.destroyed) return;
    if (!to.write(part)) await Promise.race([once(to, "drain"), early]);
  }
}

async function textOf(reply: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_REPLY_BYTES) throw new Error("the reply is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** As RFC 7578 has it; the names are ours, and need no escaping. */
function bodyOf(form: Form) {
  const boundary = `smileloop-${randomBytes(16).toString("hex")}`;
  const parts = Object.entries(form).map(([name, value]) => {
    const isText = typeof value === "string";
    const file = isText ? "" : `; filename="${value.name}"\r\nContent-Type: ${value.file.type}`;
    const head = Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`);
    return { head, content: isText ? new Blob([value]) : value.file };
  });
  const [between, end] = [Buffer.from("\r\n"), Buffer.from(`--${boundary}--\r\n`)];
  const length = parts.reduce((sum, { head, content }) => sum + head.length + content.size + 2, end.length);
  return {
    headers: { "Content-Type": `multipart/form-data; boundary=${boundary}`, "Content-Length": String(length) },
    async *parts(): AsyncGenerator<Uint8Array> {
      for (const { head, content } of parts) {
        yield head;
        yield* content.stream();
        yield between;
      }
      yield end;
    },
  };
}
