/** The Function URL of a function: an HTTP server that makes payload 2.0 events of requests, and replies of what they return. */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Lambda } from "./runtime.ts";

/** Of an event, and of what the function returns. */
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;
const TEXT = /^(text\/|application\/(json|javascript|xml|x-www-form-urlencoded)\b)/;

type Result = {
  statusCode?: number;
  headers?: Record<string, string>;
  cookies?: string[];
  body?: string;
  isBase64Encoded?: boolean;
};

type Function = Pick<Lambda, "invoke">;

export async function startFunctionUrl(lambda: Function) {
  const events: unknown[] = [];
  // longer than any test leaves a connection idle: one that is closed as it is used again fails with ECONNRESET
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    void serve(lambda, request, response, events).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** What the function was given. */
    events,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function serve(lambda: Function, request: IncomingMessage, response: ServerResponse, events: unknown[]) {
  const event = await eventOf(request);
  if (JSON.stringify(event).length > MAX_PAYLOAD_BYTES) return refuse(response, 413, "Request Entity Too Large");
  events.push(event);
  const result = (await lambda.invoke(event).catch(() => null)) as Result | null;
  if (!result || JSON.stringify(result).length > MAX_PAYLOAD_BYTES) {
    return refuse(response, 502, "Internal Server Error");
  }
  const { statusCode = 200, headers = {}, cookies = [], body = "", isBase64Encoded = false } = result;
  const bytes = Buffer.from(body, isBase64Encoded ? "base64" : "utf8");
  response.writeHead(statusCode, { ...headers, ...(cookies.length > 0 ? { "set-cookie": cookies } : {}) });
  response.end(request.method === "HEAD" ? undefined : bytes);
}

function refuse(response: ServerResponse, status: number, Message: string): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify({ Message }));
}

async function eventOf(request: IncomingMessage): Promise<object> {
  const { method = "GET", url = "/" } = request;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const { cookie, ...others } = request.headers;
  const headers = Object.fromEntries(Object.entries(others).map(([name, value]) => [name, String(value)]));
  const [path = "/", query = ""] = url.split(/\?(.*)/s);
  const isText = TEXT.test(headers["content-type"] ?? "");
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath: path,
    rawQueryString: query,
    ...(cookie ? { cookies: cookie.split("; ") } : {}),
    headers: { ...headers, "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https", "x-forwarded-port": "443" },
    ...(query ? { queryStringParameters: Object.fromEntries(new URLSearchParams(query)) } : {}),
    requestContext: {
      accountId: "anonymous",
      apiId: "test",
      domainName: headers.host,
      domainPrefix: "test",
      http: { method, path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: headers["user-agent"] ?? "" },
      requestId: randomUUID(),
      routeKey: "$default",
      stage: "$default",
      timeEpoch: Date.now(),
    },
    ...(bytes.length > 0 ? { body: bytes.toString(isText ? "utf8" : "base64") } : {}),
    isBase64Encoded: bytes.length > 0 && !isText,
  };
}
