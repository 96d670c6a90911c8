/**
 * What runs a function in Lambda's Node runtime, as far as ours need it: a client of the runtime API that loads the handler out
 * of LAMBDA_TASK_ROOT and gives it one event after another.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";

type Handler = (event: unknown, context: object) => Promise<unknown>;

const { AWS_LAMBDA_RUNTIME_API = "", LAMBDA_TASK_ROOT = "", _HANDLER = "" } = process.env;
const api = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;

const post = (path: string, body: unknown) =>
  fetch(`${api}/${path}`, { method: "POST", body: JSON.stringify(body ?? null) }).then((reply) => reply.text());

const errorOf = (error: unknown) =>
  error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, stackTrace: error.stack?.split("\n") ?? [] }
    : { errorType: "Error", errorMessage: String(error), stackTrace: [] };

async function load(): Promise<Handler> {
  const dot = _HANDLER.lastIndexOf(".");
  const file = pathToFileURL(join(LAMBDA_TASK_ROOT, `${_HANDLER.slice(0, dot)}.mjs`));
  const loaded = (await import(file.href)) as Record<string, Handler>;
  return loaded[_HANDLER.slice(dot + 1)]!;
}

let handler: Handler;
try {
  handler = await load();
} catch (error) {
  await post("init/error", errorOf(error));
  process.exit(1);
}
for (;;) {
  const next = await fetch(`${api}/invocation/next`);
  const awsRequestId = next.headers.get("lambda-runtime-aws-request-id") ?? "";
  const deadlineMs = Number(next.headers.get("lambda-runtime-deadline-ms"));
  const context = {
    awsRequestId,
    invokedFunctionArn: next.headers.get("lambda-runtime-invoked-function-arn"),
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
  const event: unknown = await next.json();
  try {
    await post(`invocation/${awsRequestId}/response`, await handler(event, context));
  } catch (error) {
    await post(`invocation/${awsRequestId}/error`, errorOf(error));
  }
}
