/** Somebody's receiver of events on loopback: keeps what it was sent and answers as a test says. */
import { createPublicKey, verify } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export type Received = { method: string; path: string; headers: IncomingHttpHeaders; body: string };
export type Reply = { status: number; headers?: Record<string, string> } | "silent";

export type Receiver = {
  port: number;
  url: (path?: string) => string;
  received: Received[];
  close: () => Promise<void>;
};

/** `answer`: called for each request with its number, from 0. */
export async function openReceiver(
  answer: (nth: number) => Reply = () => ({ status: 204 }),
  port = 0,
): Promise<Receiver> {
  const received: Received[] = [];
  const server: Server = createServer(async (request, reply) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const { method = "", url: path = "", headers } = request;
    const next = answer(received.length);
    received.push({ method, path, headers, body });
    if (next !== "silent") reply.writeHead(next.status, next.headers ?? {}).end();
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const { port: bound } = server.address() as AddressInfo;
  return {
    port: bound,
    url: (path = "/hook") => `http://127.0.0.1:${bound}${path}`,
    received,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Whether one of the event's `v1a` signatures is by one of these keys. */
export function isSignedBy(keys: readonly object[], { headers, body }: Pick<Received, "headers" | "body">): boolean {
  const signed = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  const signatures = String(headers["webhook-signature"])
    .split(" ")
    .filter((one) => one.startsWith("v1a,"))
    .map((one) => Buffer.from(one.slice("v1a,".length), "base64"));
  return keys.some((key) => {
    const publicKey = createPublicKey({ key: key as never, format: "jwk" });
    return signatures.some((signature) => verify(null, signed, publicKey, signature));
  });
}
