/** Lambda's own API, as far as functions call one another: `Invoke`, with a reply. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Lambda, LambdaError } from "./runtime.ts";

const INVOKE = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;

type Invocable = Pick<Lambda, "invoke">;

/** `functions`: by name. Signatures are not looked at; who may call what stands in `infra/policy/roles.ts`. */
export async function startInvoke(functions: Record<string, Invocable>) {
  let throttled = false;
  const server = createServer(async (request, response) => {
    const reply = (status: number, headers: Record<string, string>, body: unknown) =>
      response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
    const name = decodeURIComponent(INVOKE.exec(request.url ?? "")?.[1] ?? "");
    const called = Object.hasOwn(functions, name) ? functions[name] : undefined;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (!called) return reply(404, { "x-amzn-errortype": "ResourceNotFoundException" }, { Message: "not found" });
    if (throttled) return reply(429, { "x-amzn-errortype": "TooManyRequestsException" }, { Message: "Rate exceeded" });
    try {
      reply(200, {}, (await called.invoke(JSON.parse(Buffer.concat(chunks).toString()))) ?? null);
    } catch (error) {
      if (!(error instanceof LambdaError)) throw error;
      reply(200, { "x-amz-function-error": "Unhandled" }, { errorMessage: error.message });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Whether as many calls are under way as the account may have. */
    throttle(on: boolean) {
      throttled = on;
    },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
