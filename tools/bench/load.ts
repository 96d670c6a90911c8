/**
 * Load on an HTTP server over raw sockets with keep-alive, one request at a time on each connection (no pipelining), in a
 * process of its own so that it does not share a thread with what is measured:
 *
 *     node load.ts closed <port> <path> <connections> <seconds>     as fast as they are answered → requests a second
 *     node load.ts open <port> <path,path…> <clients> <rate> <s>    each client sends at fixed times, whether or not it was
 *                                                                   answered in time → quantiles of the time to the reply
 *     node load.ts limit <port>                                     a server that answers without looking: what `closed` can do
 *
 * Open loop: no request waits for the reply to another one, so a stall is felt by all that come meanwhile (Gil Tene's
 * "coordinated omission"). Times count from the moment of sending; how late that was is told beside them, because it is this
 * process and no client of the server that waits for a core then.
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setPriority } from "node:os";

export type ClosedResult = { requestsPerSecond: number; requests: number; errors: number };
/** Milliseconds. `lateP99`: how late the generator itself sent, which is no part of the other times. */
export type OpenResult = { p50: number; p99: number; max: number; lateP99: number; requests: number; errors: number };

const WARM_UP_MS = 1000;

if (import.meta.main) {
  const [mode, port, path = "/", ...numbers] = process.argv.slice(2);
  const [a = 1, b = 1, c = 1] = numbers.map(Number);
  if (mode === "limit") serveBlindly(Number(port));
  else {
    goFirst();
    const result =
      mode === "open" ? await open(Number(port), path.split(","), a, b, c) : await closed(Number(port), path, a, b);
    process.stdout.write(`${JSON.stringify(result)}\n`);
    process.exit(0);
  }
}

async function closed(port: number, path: string, connections: number, seconds: number): Promise<ClosedResult> {
  const request = requestFor(port, path);
  let count = 0;
  let errors = 0;
  const start = performance.now() + WARM_UP_MS;
  const end = start + seconds * 1000;
  const clients = await Promise.all(Array.from({ length: connections }, () => client(port)));
  await Promise.all(
    clients.map(async (client) => {
      for (;;) {
        const ok = await client.send(request);
        const now = performance.now();
        if (now >= end) return;
        if (now >= start) count++;
        if (!ok) errors++;
      }
    }),
  );
  return { requestsPerSecond: count / seconds, requests: count, errors };
}

async function open(
  port: number,
  paths: string[],
  clients: number,
  rate: number,
  seconds: number,
): Promise<OpenResult> {
  const requests = paths.map((path) => requestFor(port, path));
  const total = rate * seconds;
  const times: number[] = [];
  const late: number[] = [];
  let errors = 0;
  const start = performance.now() + 100;
  const one = async (index: number): Promise<void> => {
    // a client may have more than one request under way when the server is slow: then it opens another connection
    const idle = [await client(port)];
    const pending: Promise<void>[] = [];
    for (let n = 0; n < total; n++) {
      const due = start + ((n + index / clients) / rate) * 1000;
      await until(due);
      const sent = performance.now();
      late.push(sent - due);
      pending.push(
        (async () => {
          const connection = idle.pop() ?? (await client(port));
          const ok = await connection.send(requests[(n + index) % requests.length]!);
          times.push(performance.now() - sent);
          if (!ok) errors++;
          idle.push(connection);
        })(),
      );
    }
    await Promise.all(pending);
  };
  await Promise.all(Array.from({ length: clients }, (_, index) => one(index)));
  const at = (list: number[], share: number) => list.sort((x, y) => x - y)[Math.floor((list.length - 1) * share)] ?? 0;
  return {
    p50: at(times, 0.5),
    p99: at(times, 0.99),
    max: at(times, 1),
    lateP99: at(late, 0.99),
    requests: times.length,
    errors,
  };
}

/** In the world it would be on another machine: it should not wait for a core that a clip is rendered on. */
export function goFirst(): void {
  try {
    setPriority(-10);
  } catch {
    // only root may
  }
}

/** Timers have a grain of 1 ms; looking at the clock all the time would take the processor from what is measured. */
export async function until(due: number): Promise<void> {
  const rest = due - performance.now();
  if (rest > 0) await new Promise((resolve) => setTimeout(resolve, Math.ceil(rest)));
}

function requestFor(port: number, path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
}

export type Client = { send(request: Buffer): Promise<boolean> };

/** Resolves to false when the reply is not a 2xx. */
export async function client(port: number): Promise<Client> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  let answered: ((ok: boolean) => void) | null = null;
  onReplies(socket, (ok) => {
    const resolve = answered;
    answered = null;
    resolve?.(ok);
  });
  return {
    send: (request) =>
      new Promise((resolve) => {
        answered = resolve;
        socket.write(request);
      }),
  };
}

/** Tells each whole reply: the head ends at an empty line, the body is as long as Content-Length says. */
function onReplies(socket: Socket, reply: (ok: boolean) => void): void {
  let rest: Buffer | null = null;
  socket.on("data", (chunk: Buffer) => {
    const data: Buffer = rest ? Buffer.concat([rest, chunk]) : chunk;
    const head = data.indexOf("\r\n\r\n");
    if (head < 0) {
      rest = data;
      return;
    }
    const text = data.toString("latin1", 0, head);
    const length = /content-length: *(\d+)/i.exec(text);
    if (data.length < head + 4 + Number(length?.[1] ?? 0)) {
      rest = data;
      return;
    }
    rest = null;
    reply(text.startsWith("HTTP/1.1 2"));
  });
  const fail = () => reply(false);
  socket.on("error", fail).on("close", fail);
}

function serveBlindly(port: number): void {
  const body = JSON.stringify({ status: "ok" });
  const reply = Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const server = createServer((socket) => socket.on("data", () => socket.write(reply)).on("error", () => {}));
  server.listen(port, "127.0.0.1", () => {
    process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
  });
}
