/** The HTTP server on one or two addresses. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export type Listening = {
  /** What to open in a browser on this machine. */
  url: string;
  port: number;
  /** Accepts nothing more and waits for the requests under way; after `graceMs` their connections are cut. */
  close(graceMs: number): Promise<void>;
};

/** A start that cannot succeed; `message` is a sentence for the person who started it. */
export class StartError extends Error {}

const LOOPBACKS = ["127.0.0.1", "::1"];

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * `localhost` means both loopback addresses, because clients disagree about which of them the name is; a machine without
 * IPv6 is fine. Port 0 takes any that is free. Throws StartError where the port or the address is not available; `setting`: the
 * variable that names both, instead of HOST and PORT.
 */
export async function listen(
  listener: RequestListener,
  host: string,
  port: number,
  setting?: string,
): Promise<Listening> {
  const servers: Server[] = [];
  const addresses = host === "localhost" ? LOOPBACKS : [host.replace(/^\[(.*)\]$/, "$1")];
  let bound = port;
  try {
    for (const address of addresses) {
      const server = await open(listener, address, bound).catch((error: NodeJS.ErrnoException) => {
        if (servers.length > 0 && (error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT")) return null;
        throw sentence(error, host, bound, setting);
      });
      if (!server) continue;
      servers.push(server);
      bound = (server.address() as AddressInfo).port;
    }
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }
  const name = ["0.0.0.0", "::"].includes(host)
    ? "localhost"
    : host.includes(":") && !host.startsWith("[")
      ? `[${host}]`
      : host;
  return {
    url: `http://${name}:${bound}`,
    port: bound,
    close: async (graceMs) => {
      const cut = setTimeout(() => {
        for (const server of servers) server.closeAllConnections();
      }, graceMs);
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
      clearTimeout(cut);
    },
  };
}

function open(listener: RequestListener, address: string, port: number): Promise<Server> {
  const server = createServer(
    {
      // longer than the idle time of usual load balancers (60 s), so that they end idle connections, not this server
      keepAliveTimeout: 65_000,
      headersTimeout: 15_000,
      // a photo of 20 MiB over 0.3 Mbit/s takes 9 minutes
      requestTimeout: 600_000,
      connectionsCheckingInterval: 5_000,
    },
    listener,
  );
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port }, () => {
      server.off("error", reject);
      resolve(server);
    });
  });
}

function sentence(error: NodeJS.ErrnoException, host: string, port: number, setting = ""): Error {
  const [ofPort, ofHost] = setting === "" ? ["PORT", "HOST"] : [setting, setting];
  switch (error.code) {
    case "EADDRINUSE":
      return new StartError(
        `${ofPort} ${port} is in use by another program. Stop it, or set ${ofPort} to another number.`,
      );
    case "EACCES":
      return new StartError(
        `${ofPort} ${port} needs more rights than this user has. Set ${ofPort} to a number above 1023.`,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new StartError(
        `${ofHost} ${host} is not an address of this machine. Leave ${ofHost} unset to listen on localhost only.`,
      );
    default:
      return error;
  }
}
