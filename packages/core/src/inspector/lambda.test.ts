import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { NO_FACES } from "../../../../test/support/api.ts";
import { startInvoke } from "../../../../test/support/lambda/invoke.ts";
import { LambdaError } from "../../../../test/support/lambda/runtime.ts";
import { createLambdaClient, lambdaInspector } from "./lambda.ts";

const PICTURE = { key: "uploads/a.me", etag: "e", type: "image/jpeg", bytes: 5 };
const credentials = { accessKeyId: "a", secretAccessKey: "b" };
let events: unknown[];
let answer: () => Promise<unknown>;
let lambda: Awaited<ReturnType<typeof startInvoke>>;
let client: ReturnType<typeof createLambdaClient>;

beforeAll(async () => {
  const invoke = (event: unknown) => {
    events.push(event);
    return answer();
  };
  lambda = await startInvoke({ "smileloop-test-looks": { invoke } });
  client = createLambdaClient({ region: "us-east-1", endpoint: lambda.url, credentials });
});
afterAll(async () => {
  client.destroy();
  await lambda.close();
});
beforeEach(() => {
  events = [];
  answer = async () => ({ result: NO_FACES });
});

function inspect(functionName = "smileloop-test-looks", signal = new AbortController().signal) {
  return lambdaInspector({ client, functionName }).inspect({ ...PICTURE, width: 3 } as typeof PICTURE, {
    owner: "me",
    signal,
  });
}

it("calls the function with the file that was checked, and answers what it found", async () => {
  expect(await inspect()).toEqual(NO_FACES);
  expect(events).toEqual([{ inspect: PICTURE }]);
});

it("throws what the function says of the picture, with when to try again", async () => {
  answer = async () => ({ error: { code: "input_too_large", detail: "Too many pixels." } });
  await expect(inspect()).rejects.toMatchObject({ code: "input_too_large", message: "Too many pixels." });
  answer = async () => ({ error: { code: "unavailable", detail: "Later.", retryAfterSeconds: 30 } });
  await expect(inspect()).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 30 });
});

it.each([
  ["fails", () => Promise.reject(new LambdaError("Task timed out after 600.00 seconds"))],
  ["answers something else", async () => ({ batchItemFailures: [] })],
])("is unavailable for a while where the function %s", async (_, becomes) => {
  answer = becomes;
  await expect(inspect()).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 5 });
  expect(events).toHaveLength(1);
});

it("is unavailable while too many calls are under way, and where the function is missing", async () => {
  lambda.throttle(true);
  await expect(inspect()).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 5 });
  lambda.throttle(false);
  await expect(inspect("another")).rejects.toMatchObject({ code: "unavailable" });
});

it("waits no longer than the client does", async () => {
  const gone = new AbortController();
  answer = () => {
    gone.abort();
    return new Promise(() => {});
  };
  await expect(inspect(undefined, gone.signal)).rejects.toMatchObject({ code: "unavailable" });
});
