/** A request's body as it comes in, and a reply that its client can read although it is still sending. */
import { Readable } from "node:stream";
import { AppError } from "@smileloop/core/errors.ts";

export type RequestBody = {
  /** The next chunk; null at the end. Throws `malformed` when the connection ended before the body did. */
  read(): Promise<Uint8Array | null>;
  /**
   * The reply as it has to be sent. If the body has not ended, the reply says `Connection: close` and goes out whole and at
   * once, but counts as finished only when the rest of the body has come and was thrown away: closing a connection on unread
   * bytes resets it, and many clients (Python's requests, .NET) send all they have before they read.
   */
  answer(reply: Response): Promise<Response>;
};

/** How long, and how much, a client may go on sending after the reply before it is cut off. */
const DRAIN_MS = 60_000;
const DRAIN_BYTES = 1024 * 1024 * 1024;

const opened = new WeakSet<Request>();

/** Whether somebody reads the body, or has read it, through `openBody`. */
export function isOpened(request: Request): boolean {
  return opened.has(request);
}

/** Takes the body over; once for each request. `bindings`: what the server passed along with the request. */
export function openBody(request: Request, bindings?: object): RequestBody {
  opened.add(request);
  const source = sourceOf(request, bindings);
  let ended = source === null;

  async function read(): Promise<Uint8Array | null> {
    if (ended || !source) return null;
    try {
      const chunk = await source.next();
      ended = chunk === null;
      return chunk;
    } catch (error) {
      ended = true;
      throw new AppError("malformed", "The connection closed before the whole request arrived.", { cause: error });
    }
  }

  return {
    read,
    async answer(reply) {
      if (ended) return reply;
      const bytes = new Uint8Array(await reply.arrayBuffer());
      const headers = new Headers(reply.headers);
      headers.set("Content-Length", String(bytes.byteLength));
      headers.set("Connection", "close");
      let stopped = false;
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(bytes),
        // is called when the bytes were taken over for sending
        async pull(controller) {
          await discard(
            read,
            () => source?.cancel(),
            () => stopped,
          );
          if (!stopped) controller.close();
        },
        cancel: () => {
          stopped = true;
        },
      });
      return new Response(body, { status: reply.status, headers });
    },
  };
}

type Source = { next(): Promise<Uint8Array | null>; cancel(): void };

/** On Node the body is taken from the connection itself: as a web stream it would be copied on its way. */
function sourceOf(request: Request, bindings: object | undefined): Source | null {
  if (bindings && "incoming" in bindings && bindings.incoming instanceof Readable) {
    const { incoming } = bindings;
    const chunks = incoming.iterator({ destroyOnReturn: false });
    return { next: async () => (await chunks.next()).value ?? null, cancel: () => void incoming.destroy() };
  }
  const reader = request.body?.getReader();
  if (!reader) return null;
  return { next: async () => (await reader.read()).value ?? null, cancel: () => void reader.cancel().catch(() => {}) };
}

async function discard(read: RequestBody["read"], stop: () => void, stopped: () => boolean): Promise<void> {
  const timer = setTimeout(stop, DRAIN_MS);
  let bytes = 0;
  try {
    while (!stopped() && bytes < DRAIN_BYTES) {
      const chunk = await read();
      if (!chunk) return;
      bytes += chunk.byteLength;
      release(chunk);
    }
  } catch {
    // the client has gone: nobody is left to read the reply
  } finally {
    clearTimeout(timer);
  }
}

/** Gives a chunk's memory back now: garbage of this kind is collected late, after some 100 MB. */
function release(chunk: Uint8Array): void {
  const { buffer } = chunk;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === chunk.byteLength) buffer.transfer(0);
}
