/** Has a worker's function look at files: each is one synchronous call of it (`RequestResponse`), beside its queues. */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import type { z } from "zod";
import { AppError } from "../errors.ts";
import { type failedReplySchema, type InspectEvent, type Inspector, inspectReplySchema } from "../inspector.ts";
import { type AwsClientOptions, awsClientConfig } from "../storage/aws-client.ts";
import { type Verifier, type VerifyEvent, verifyReplySchema } from "../verifier.ts";

/** A function that has to be started first takes some seconds; the API itself is ended after 30 s. */
const TIME_LIMIT_MS = 25_000;
const RETRY_AFTER_S = 5;

export function createLambdaClient(options: AwsClientOptions): LambdaClient {
  return new LambdaClient({
    ...awsClientConfig(options),
    // a call that timed out has been paid for, and would be again
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 3000, socketTimeout: TIME_LIMIT_MS },
  });
}

/** `functionName`: a name or an ARN. */
type Called = { client: LambdaClient; functionName: string };

/** Bounds nothing by itself: Lambda's own limit of calls at a time does. */
export function lambdaInspector(called: Called): Inspector {
  return {
    inspect: ({ key, etag, type, bytes }, { signal }) =>
      ask(called, { inspect: { key, etag, type, bytes } }, inspectReplySchema, INSPECT_UNAVAILABLE, signal),
  };
}

/** Bounds nothing by itself, either. */
export function lambdaVerifier(called: Called): Verifier {
  return {
    verify: ({ key, etag, type, bytes }, { signal }) =>
      ask(called, { verify: { key, etag, type, bytes } }, verifyReplySchema, VERIFY_UNAVAILABLE, signal),
  };
}

const INSPECT_UNAVAILABLE = "Pictures cannot be inspected right now; try again in a few seconds.";
const VERIFY_UNAVAILABLE = "Files cannot be verified right now; try again in a few seconds.";

type Reply<Result> = { result: Result } | z.infer<typeof failedReplySchema>;

/** Throws what the function answers, and `unavailable` where it does not. */
async function ask<Result>(
  called: Called,
  event: InspectEvent | VerifyEvent,
  schema: z.ZodType<Reply<Result>>,
  unavailable: string,
  signal: AbortSignal,
): Promise<Result> {
  const answer = await invoke(called, event, signal)
    .then((reply) => schema.parse(reply))
    .catch((cause: unknown) => {
      throw new AppError("unavailable", unavailable, { cause, retryAfterSeconds: RETRY_AFTER_S });
    });
  if ("result" in answer) return answer.result;
  const { code, detail, retryAfterSeconds } = answer.error;
  throw new AppError(code, detail, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
}

async function invoke({ client, functionName }: Called, event: object, signal: AbortSignal): Promise<unknown> {
  const command = new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) });
  const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(TIME_LIMIT_MS)]);
  const { FunctionError, Payload } = await client.send(command, { abortSignal });
  if (FunctionError !== undefined) throw new Error(`${FunctionError}: ${textOf(Payload)}`);
  return JSON.parse(textOf(Payload));
}

function textOf(payload: Uint8Array | undefined): string {
  return Buffer.from(payload ?? []).toString();
}
