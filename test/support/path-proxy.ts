/** A reverse proxy that serves a server under a path, and takes the path off: `location /smile/ { proxy_pass http://…/; }`. */
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export type PathProxy = {
  /** `http://127.0.0.1:<port><path>` */
  url: string;
  close(): Promise<void>;
};

/** `target`: asked for each request, as the server may start after its proxy. Requests outside `path` are 404 with no body. */
export async function startPathProxy(path: string, target: () => string): Promise<PathProxy> {
  const server = createServer((incoming, outgoing) => {
    if (!incoming.url?.startsWith(`${path}/`)) {
      incoming.resume();
      outgoing.writeHead(404).end();
      return;
    }
    const { method, headers } = incoming;
    const url = target() + incoming.url.slice(path.length);
    const passed = request(url, { method, headers: { ...headers, host: new URL(url).host } }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(outgoing);
    });
    passed.on("error", () => outgoing.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
