/** `smileloop webhooks listen`: a receiver on this machine, which verifies what comes and prints it. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { AppError } from "@smileloop/core/errors.ts";
import { JWKS_PATH, type PublicKey } from "@smileloop/core/webhooks/signing.ts";
import { eventFault } from "@smileloop/core/webhooks/verify.ts";
import { interrupted } from "./interrupt.ts";
import { EXIT, printJson } from "./report.ts";
import type { WebhookArgs } from "./webhook-args.ts";

type ListenArgs = WebhookArgs & { act: "listen" };

/** Far more than an event has. */
const MAX_BYTES = 1024 * 1024;
const FORWARD_MS = 14_000;

/** Until Ctrl-C. Resolves with the exit code. Throws AppError. */
export async function listenForEvents(args: ListenArgs): Promise<number> {
  const { server, port, json } = args;
  let keys = await keysOf(server);
  const stop = interrupted();
  const listener = createServer(async (request, reply) => {
    const body = await bodyOf(request);
    if (body === null) {
      reply.writeHead(413).end();
      return;
    }
    let fault = eventFault(keys, { headers: request.headers, body }, Date.now());
    if (fault !== null) {
      // they may have changed
      keys = await keysOf(server).catch(() => keys);
      fault = eventFault(keys, { headers: request.headers, body }, Date.now());
    }
    const status = fault === null ? await forwarded(args, request, body) : 401;
    tell({ id: String(request.headers["webhook-id"] ?? ""), fault, status, body }, json);
    reply.writeHead(status).end();
  });
  await new Promise<void>((resolve, reject) => {
    listener.once("error", (error: NodeJS.ErrnoException) =>
      reject(new AppError("unavailable", `Port ${port} can't be listened on (${error.code}).`, { cause: error })),
    );
    listener.listen(port, "localhost", resolve);
  });
  const { port: bound } = listener.address() as AddressInfo;
  const url = `http://localhost:${bound}/`;
  if (json) printJson({ listening: url });
  else process.stdout.write(`Listening at ${url} for events of ${server}. Ctrl-C ends it.\n`);
  await new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve()));
  listener.closeAllConnections();
  listener.close();
  return EXIT.done;
}

async function keysOf(server: string): Promise<PublicKey[]> {
  try {
    const reply = await fetch(server + JWKS_PATH);
    const { keys } = (await reply.json()) as { keys: PublicKey[] };
    if (keys.length > 0) return keys;
  } catch (error) {
    throw new AppError("unavailable", `The public keys of ${server} can't be read; is it running?`, { cause: error });
  }
  throw new AppError("not_supported", `${server} sends no webhooks: it has no public keys.`);
}

/** Null for one that is too large. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.byteLength;
    if (bytes > MAX_BYTES) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** The status to answer: that of the address that it is passed on to, where there is one. */
async function forwarded({ forward }: ListenArgs, { headers }: IncomingMessage, body: string): Promise<number> {
  if (forward === null) return 204;
  const kept = Object.entries(headers).filter(([name]) => name.startsWith("webhook-") || name === "content-type");
  const asked = { method: "POST", body, headers: Object.fromEntries(kept) as Record<string, string> };
  const signal = AbortSignal.timeout(FORWARD_MS);
  return fetch(forward, { ...asked, redirect: "manual", signal }).then(
    ({ status }) => status,
    () => 502,
  );
}

type Told = { id: string; fault: string | null; status: number; body: string };

function tell({ id, fault, status, body }: Told, json: boolean): void {
  const event = parsed(body);
  if (json) {
    printJson({ id, verified: fault === null, ...(fault === null ? {} : { fault }), answered: status, event });
    return;
  }
  const at = new Date().toISOString();
  const { type, data } = (event ?? {}) as { type?: unknown; data?: { id?: unknown; status?: unknown } };
  const what = fault === null ? `${type} ${data?.id ?? ""} ${data?.status ?? ""}`.trim() : `not verified: ${fault}`;
  process.stdout.write(`${at} ${what} (answered ${status})\n`);
  if (fault === null) process.stdout.write(`${JSON.stringify(event, null, 2)}\n`);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
