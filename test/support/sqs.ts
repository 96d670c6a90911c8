/**
 * SQS on loopback: fauxqs behind a server of ours that loses, doubles, delays and reorders what is sent, by plan. fauxqs itself
 * delivers once and in order.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { createSqsClient } from "@smileloop/core/queue/sqs.ts";
import { buildApp } from "fauxqs";

/** A copy of a message that is delivered: so much later, or when so many more were sent. */
export type Delivery = { delayMs?: number; afterSends?: number };

export type SqsHome = Awaited<ReturnType<typeof openSqs>>;

type Call = { target: string; headers: Record<string, string>; payload: string };

/** Opens these queues, each with a dead-letter queue behind it, `<name>-dead`. */
export async function openSqs(names: string[], options: { maxReceiveCount?: number } = {}) {
  const fauxqs = buildApp({ logger: false, host: "127.0.0.1" });
  await fauxqs.ready();
  /** How the n-th message that is sent is delivered: once, unless a plan says otherwise. */
  let plan: (n: number) => Delivery[] = () => [{}];
  let sends = 0;
  let open = 0;
  let late: { afterSend: number; call: Call }[] = [];
  /** `by`: the access key that signed it. */
  const calls: { action: string; body: Record<string, unknown>; by: string }[] = [];

  const forward = async ({ target, headers, payload }: Call) => {
    const reply = await fauxqs.inject({
      method: "POST",
      url: "/",
      headers: { ...headers, "x-amz-target": target },
      payload,
    });
    const type = String(reply.headers["content-type"] ?? "application/x-amz-json-1.0");
    return { status: reply.statusCode, type, body: reply.body, error: reply.headers["x-amzn-query-error"] };
  };
  const send = async (call: Call) => {
    const n = sends++;
    const deliveries = plan(n);
    for (const { delayMs = 0, afterSends = 0 } of deliveries) {
      const body = JSON.parse(call.payload) as { DelaySeconds?: number };
      const DelaySeconds = Math.ceil((body.DelaySeconds ?? 0) + delayMs / 1000);
      const copy = { ...call, payload: JSON.stringify({ ...body, DelaySeconds }) };
      if (afterSends > 0) late.push({ afterSend: n + afterSends, call: copy });
      else await forward(copy);
    }
    const ripe = late.filter(({ afterSend }) => afterSend <= n);
    late = late.filter((each) => !ripe.includes(each));
    for (const each of ripe) await forward(each.call);
    // whoever sent it sees no difference: the reply is that of a queue that nobody reads
    return forward({ ...call, payload: JSON.stringify({ ...JSON.parse(call.payload), QueueUrl: urls.sink }) });
  };

  /** Each of its messages meets its own fate. */
  const sendBatch = async ({ target, headers, payload }: Call) => {
    const { QueueUrl, Entries } = JSON.parse(payload) as { QueueUrl: string; Entries: { Id: string }[] };
    const Successful: object[] = [];
    for (const { Id, ...message } of Entries) {
      const single = {
        target: target.replace(/Batch$/, ""),
        headers,
        payload: JSON.stringify({ QueueUrl, ...message }),
      };
      Successful.push({ Id, ...(JSON.parse((await send(single)).body) as object) });
    }
    return { status: 200, type: "application/x-amz-json-1.0", body: JSON.stringify({ Successful }), error: undefined };
  };
  const answer = async (call: Call) => {
    if (call.target.endsWith(".SendMessageBatch")) return sendBatch(call);
    return call.target.endsWith(".SendMessage") ? send(call) : forward(call);
  };

  const server = createServer((request, response) => {
    void readCall(request).then(async (call) => {
      open++;
      const by = /Credential=([^/]+)\//.exec(call.headers.authorization ?? "")?.[1] ?? "";
      calls.push({ action: call.target.split(".")[1] ?? "", body: JSON.parse(call.payload), by });
      const reply = await answer(call);
      open--;
      const query = typeof reply.error === "string" ? { "x-amzn-query-error": reply.error } : {};
      response.writeHead(reply.status, { "Content-Type": reply.type, ...query }).end(reply.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const create = async (name: string, attributes: Record<string, string> = {}): Promise<string> => {
    const headers = { "content-type": "application/x-amz-json-1.0", host: new URL(endpoint).host };
    const payload = JSON.stringify({ QueueName: name, Attributes: attributes });
    const reply = await forward({ target: "AmazonSQS.CreateQueue", headers, payload });
    return (JSON.parse(reply.body) as { QueueUrl: string }).QueueUrl;
  };
  const urls: Record<string, string> = { sink: await create("sink") };
  for (const name of names) {
    urls[`${name}-dead`] = await create(`${name}-dead`);
    const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${name}-dead`;
    const maxReceiveCount = options.maxReceiveCount ?? 100;
    urls[name] = await create(name, { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount }) });
  }

  const ask = async (action: string, body: object): Promise<string> => {
    const headers = { "content-type": "application/x-amz-json-1.0", host: new URL(endpoint).host };
    return (await forward({ target: `AmazonSQS.${action}`, headers, payload: JSON.stringify(body) })).body;
  };

  const credentials = { accessKeyId: "AKIDSQS", secretAccessKey: "secret" };
  const client = createSqsClient({ region: "us-east-1", endpoint, credentials });
  return {
    client,
    endpoint,
    urls,
    calls,
    plan(next: (n: number) => Delivery[]) {
      plan = next;
    },
    /** A message that is none of ours. */
    async sendText(queue: string, text: string): Promise<void> {
      await ask("SendMessage", { QueueUrl: urls[queue], MessageBody: text });
    },
    /** The next message as SQS gives it to an event source of Lambda; null when there is none. */
    async take(
      queue: string,
      visibilityS: number,
    ): Promise<{ messageId: string; body: string; receiptHandle: string } | null> {
      const body = await ask("ReceiveMessage", { QueueUrl: urls[queue], VisibilityTimeout: visibilityS });
      const [message] = (JSON.parse(body) as { Messages?: Record<string, string>[] }).Messages ?? [];
      if (!message) return null;
      return { messageId: message.MessageId!, body: message.Body!, receiptHandle: message.ReceiptHandle! };
    },
    /** Deletes a message, as an event source does with what is done. */
    async drop(queue: string, receiptHandle: string): Promise<void> {
      await ask("DeleteMessage", { QueueUrl: urls[queue], ReceiptHandle: receiptHandle });
    },
    /** Puts forward the time at which a message can be received again: to now. */
    async show(queue: string, receiptHandle: string): Promise<void> {
      await ask("ChangeMessageVisibility", {
        QueueUrl: urls[queue],
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: 0,
      });
    },
    /** Requests that have arrived and wait for their reply. */
    get open() {
      return open;
    },
    async close() {
      client.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await fauxqs.close();
    },
  };
}

async function readCall(request: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { "x-amz-target": target = "", "content-type": type = "", authorization = "", host = "" } = request.headers;
  const headers = { "content-type": type, authorization, host };
  return { target: String(target), headers, payload: Buffer.concat(chunks).toString() };
}
