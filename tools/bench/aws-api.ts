/** The API as it runs on Lambda, on a server of Node: one process, any number of requests. Says where it is. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { readEnv } from "@smileloop/core/env.ts";
import { openCloudApi } from "../../functions/setup/cloud-api.ts";

const app = await openCloudApi(readEnv());
const server = createServer(getRequestListener(app.fetch));
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
});
process.on("SIGTERM", () => process.exit(0));
