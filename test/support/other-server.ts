/** A server of somebody else on loopback, from which jobs fetch; it answers as a test says. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import type { Lookup } from "@smileloop/core/fetch/resolve.ts";
import type { FetchPolicy, HostRule } from "@smileloop/core/fetch/target.ts";

export type OtherServer = {
  port: number;
  /** On a name that `named` resolves. */
  at: (path: string, name?: string) => string;
  /** What it was asked, in order. */
  asked: { path: string; headers: IncomingMessage["headers"] }[];
  /** How many connections are open. */
  open: () => number;
  close: () => Promise<void>;
};

/** `answer`: called for each request; over TLS where there is a key. */
export async function otherServer(
  answer: (request: IncomingMessage, reply: ServerResponse) => void,
  tls?: { key: string; cert: string },
): Promise<OtherServer> {
  const asked: OtherServer["asked"] = [];
  const listener: RequestListener = (request, reply) => {
    asked.push({ path: request.url ?? "", headers: request.headers });
    reply.on("error", () => {});
    answer(request, reply);
  };
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  return served(server, tls ? "https" : "http", asked);
}

/** One that says these bytes to each that connects. */
export function rawServer(speak: (socket: Socket) => void): Promise<OtherServer> {
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => speak(socket));
  });
  return served(server, "http", []);
}

async function served(server: Server, scheme: string, asked: OtherServer["asked"]): Promise<OtherServer> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    at: (path, name = "files.example") => `${scheme}://${name}:${port}${path}`,
    asked,
    open: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Servers that the operator allows, by any of these names. */
export function allowing(servers: readonly OtherServer[], names = ["files.example"]): FetchPolicy {
  const hosts = servers.flatMap(({ port }) => names.map((host): HostRule => ({ host, port })));
  return { hosts, places: [] };
}

/** A name server: what each name stands for, or what happens each time that it is asked. */
export function named(names: Record<string, string[] | (() => string[])>): { lookup: Lookup; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    lookup: async (name) => {
      asked.push(name);
      const known = names[name];
      if (!known) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: "ENOTFOUND" });
      const addresses = typeof known === "function" ? known() : known;
      return addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    },
  };
}
