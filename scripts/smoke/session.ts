/** What the checks share: the deployment, and what earlier checks have found or made. */
import { createHash } from "node:crypto";
import type { JobView } from "@smileloop/core/wire/job.ts";
import type { UploadTarget } from "@smileloop/core/wire/upload.ts";

export type SmokeOptions = {
  /** Without a slash at its end. */
  url: string;
  /** Null: a server that asks nobody. */
  key: string | null;
  photo: Uint8Array;
  /** Null: the one that jobs get which name none. */
  engine: string | null;
  /** For one job; GPU workers take minutes to start. */
  patienceMs: number;
};

export type Session = SmokeOptions & {
  link?: UploadTarget;
  upload?: string;
  job?: JobView;
  /** With the key; `path` from the root. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  send(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
};

/** A check that cannot be made here, and why. */
export class Skipped extends Error {}

export function openSession(options: SmokeOptions): Session {
  const { url, key } = options;
  const ask: Session["ask"] = (path, init = {}) => {
    const headers = { ...(key ? { authorization: `Bearer ${key}` } : {}), ...(init.headers as object) };
    return fetch(url + path, { ...init, headers });
  };
  const send: Session["send"] = (path, body, headers = {}) =>
    ask(path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  return { ...options, ask, send };
}

/** What an earlier check should have left. */
export function needed<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Skipped(`${what} is missing, see above`);
  return value;
}

/** Throws, with what the reply says, where its status is none of these; otherwise answers the reply. */
export async function expectStatus(reply: Response, ...statuses: number[]): Promise<Response> {
  if (statuses.includes(reply.status)) return reply;
  const text = (await reply.text()).replaceAll(/\s+/g, " ").slice(0, 300);
  throw new Error(`${statuses.join(" or ")} was expected, not ${reply.status}: ${text}`);
}

export async function expectRefusal(reply: Response): Promise<void> {
  if (reply.status >= 400 && reply.status < 500) return void (await reply.arrayBuffer());
  throw new Error(`a refusal was expected, not ${reply.status}`);
}

export async function askForLink({ send, photo }: Session, more: object = {}): Promise<UploadTarget> {
  const reply = await send("/v1/uploads", { content_type: "image/jpeg", size: photo.byteLength, ...more });
  return (await (await expectStatus(reply, 201)).json()) as UploadTarget;
}

export function put(link: UploadTarget, body: Uint8Array): Promise<Response> {
  return fetch(link.url, { method: link.method, headers: link.headers, body: Uint8Array.from(body) });
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export async function readJob({ ask }: Session, id: string): Promise<JobView> {
  return (await (await expectStatus(await ask(`/v1/jobs/${id}`), 200)).json()) as JobView;
}

/** Looks each second until the job has ended. */
export async function jobEnd(session: Session, id: string): Promise<JobView> {
  const untilMs = Date.now() + session.patienceMs;
  for (;;) {
    const job = await readJob(session, id);
    if (["succeeded", "failed", "canceled", "expired"].includes(job.status)) return job;
    if (Date.now() > untilMs) throw new Error(`the job is still ${job.status} after ${session.patienceMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
