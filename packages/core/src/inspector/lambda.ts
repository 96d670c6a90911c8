/** Has a worker's function look at pictures: each is one synchronous call of it (`RequestResponse`), beside its queues. */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { AppError } from "../errors.ts";
import { type InspectEvent, type Inspector, inspectReplySchema } from "../inspector.ts";
import { type AwsClientOptions, awsClientConfig } from "../storage/aws-client.ts";

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

/** `functionName`: a name or an ARN. Bounds nothing by itself: Lambda's own limit of calls at a time does. */
export function lambdaInspector(options: { client: LambdaClient; functionName: string }): Inspector {
  const { client, functionName: FunctionName } = options;
  const invoke = async ({ inspect }: InspectEvent, signal: AbortSignal): Promise<unknown> => {
    const Payload = JSON.stringify({ inspect } satisfies InspectEvent);
    const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(TIME_LIMIT_MS)]);
    const called = await client.send(new InvokeCommand({ FunctionName, Payload }), { abortSignal });
    if (called.FunctionError !== undefined) throw new Error(`${called.FunctionError}: ${textOf(called.Payload)}`);
    return JSON.parse(textOf(called.Payload));
  };
  return {
    async inspect({ key, etag, type, bytes }, { signal }) {
      const answer = await invoke({ inspect: { key, etag, type, bytes } }, signal)
        .then((reply) => inspectReplySchema.parse(reply))
        .catch((cause: unknown) => {
          throw new AppError("unavailable", UNAVAILABLE, { cause, retryAfterSeconds: RETRY_AFTER_S });
        });
      if ("result" in answer) return answer.result;
      const { code, detail, retryAfterSeconds } = answer.error;
      throw new AppError(code, detail, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
    },
  };
}

const UNAVAILABLE = "Pictures cannot be inspected right now; try again in a few seconds.";

function textOf(payload: Uint8Array | undefined): string {
  return Buffer.from(payload ?? []).toString();
}
