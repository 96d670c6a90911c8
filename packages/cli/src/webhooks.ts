/** `smileloop webhooks replay` and `test`: what a server does about webhooks, asked for from here. */
import { text as readAll } from "node:stream/consumers";
import { AppError } from "@smileloop/core/errors.ts";
import type { JobView } from "@smileloop/core/wire/job.ts";
import type { Problem } from "@smileloop/core/wire/problem.ts";
import type { WebhookView } from "@smileloop/core/wire/webhook.ts";
import { EXIT, printJson } from "./report.ts";
import type { WebhookArgs } from "./webhook-args.ts";

type Attempt = WebhookView["attempts"][number];

/** Resolves with the exit code. Throws AppError. */
export async function webhooks(args: WebhookArgs): Promise<number> {
  if (args.act === "listen") {
    const { listenForEvents } = await import("./webhooks-listen.ts");
    return listenForEvents(args);
  }
  if (args.act === "replay") {
    const job = await ask<JobView>(args, `/v1/jobs/${encodeURIComponent(args.id)}/webhook/replay`, null);
    if (args.json) printJson({ ok: true, job });
    else process.stdout.write(`${job.webhook?.event} of ${job.id} is sent again to ${job.webhook?.url}\n`);
    return EXIT.done;
  }
  const attempt = await ask<Attempt>(args, "/v1/webhooks/test", { url: args.url });
  const ok = attempt.error === null;
  if (args.json) printJson({ ok, attempt });
  else process.stdout.write(`${ok ? `Taken (${attempt.status})` : attempt.error} after ${attempt.ms} ms\n`);
  return ok ? EXIT.done : EXIT.failed;
}

async function ask<T>({ server, keyStdin }: WebhookArgs, path: string, body: object | null): Promise<T> {
  const key = keyStdin ? (await readAll(process.stdin)).trim() : null;
  const headers = {
    ...(key === null ? {} : { Authorization: `Bearer ${key}` }),
    ...(body === null ? {} : { "Content-Type": "application/json" }),
  };
  const asked = { method: "POST", headers, ...(body === null ? {} : { body: JSON.stringify(body) }) };
  const reply = await fetch(server + path, asked).catch((error: unknown) => {
    throw new AppError("unavailable", `There is no answer from ${server}; is the server running?`, { cause: error });
  });
  const answer = (await reply.json().catch(() => null)) as (T & Partial<Problem>) | null;
  if (reply.ok && answer !== null) return answer;
  throw new AppError(answer?.code ?? "unavailable", answer?.detail ?? `${server} answered ${reply.status}.`);
}
