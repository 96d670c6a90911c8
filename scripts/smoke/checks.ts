/** The checks, in their order; what each is for stands in docs/deploy.md. */
import { randomUUID } from "node:crypto";
import type { JobView } from "@smileloop/core/wire/job.ts";
import {
  askForLink,
  expectRefusal,
  expectStatus,
  jobEnd,
  needed,
  put,
  readJob,
  type Session,
  Skipped,
  sha256,
} from "./session.ts";

type Check = (session: Session) => Promise<void>;

const SMALL = { preset: "gentle_smile", size: 256, duration: 1 };
const LONG = { preset: "laugh", size: 1024, duration: 10 };

export const CHECKS: Record<string, Check> = {
  "it answers, and so do its storage and its queues": async ({ ask }) => {
    await expectStatus(await ask("/ready"), 200);
  },

  "pages and previews come out of the storage": async ({ ask }) => {
    for (const path of ["/docs", "/docs/swagger-ui.js", "/openapi.json", "/v1/presets/wink/preview"]) {
      const reply = await expectStatus(await ask(path), 200);
      if ((await reply.arrayBuffer()).byteLength < 100) throw new Error(`${path} is empty`);
    }
  },

  "nobody gets in without a key, or with a wrong one": async ({ url, key }) => {
    if (key === null) throw new Skipped("no --key was given");
    const wrong = { authorization: `Bearer sl_abcdef_${"A".repeat(43)}` };
    await expectStatus(await fetch(`${url}/v1/jobs`), 401);
    await expectStatus(await fetch(`${url}/v1/jobs`, { headers: wrong }), 401);
  },

  // Function URLs rename some headers
  "a refusal says how to get in": async ({ url, key }) => {
    if (key === null) throw new Skipped("no --key was given");
    const { headers } = await expectStatus(await fetch(`${url}/v1/jobs`), 401);
    if (headers.has("www-authenticate")) return;
    if (headers.has("x-amzn-remapped-www-authenticate")) {
      throw new Skipped("Lambda renames WWW-Authenticate to x-amzn-remapped-www-authenticate; the status is right");
    }
    throw new Error("WWW-Authenticate is missing");
  },

  // without s3:ListBucket S3 says 403, and this would be 500
  "a job that was never there is 404": async ({ ask }) => {
    const now = Date.now().toString(16).padStart(12, "0");
    const id = `${now}7${randomUUID().replaceAll("-", "").slice(1, 4)}8${randomUUID().replaceAll("-", "").slice(0, 15)}`;
    await expectStatus(await ask(`/v1/jobs/${id}`), 404);
  },

  "a link takes no other size": async (session) => {
    session.link = await askForLink(session, { sha256: sha256(session.photo) });
    await expectRefusal(await put(session.link, session.photo.subarray(1)));
  },

  "and no other bytes": async ({ link, photo }) => {
    const other = Uint8Array.from(photo);
    other[other.length - 1]! ^= 1;
    await expectRefusal(await put(needed(link, "the link"), other));
  },

  "but the right ones, once": async (session) => {
    const link = needed(session.link, "the link");
    await expectStatus(await put(link, session.photo), 200, 201, 204);
    await expectStatus(await put(link, session.photo), 412);
    session.upload = link.id;
  },

  // the API calls a worker's function
  "a picture is inspected": async (session) => {
    const input = { upload: needed(session.upload, "the upload") };
    const reply = await expectStatus(await session.send("/v1/inspect", { input }), 200);
    const { width } = (await reply.json()) as { width: number };
    if (!(width > 0)) throw new Error("it has no width");
  },

  "a form takes no more than it was made for": async (session) => {
    const link = await askForLink(session, { form: true });
    const send = (bytes: Uint8Array) => {
      const form = new FormData();
      for (const [name, value] of Object.entries(link.fields ?? {})) form.append(name, value);
      form.append("file", new Blob([Uint8Array.from(bytes)], { type: "image/jpeg" }), "photo.jpg");
      return fetch(link.url, { method: link.method, body: form });
    };
    await expectRefusal(await send(Buffer.concat([session.photo, Buffer.alloc(1000)])));
    await expectStatus(await send(session.photo), 200, 201, 204);
  },

  "pages of its own address may upload, others may not": async (session) => {
    const link = needed(session.link, "the link");
    const { origin } = new URL(session.url);
    if (new URL(link.url).origin === origin) throw new Skipped("storage and API are one server");
    const headers = {
      "access-control-request-method": "PUT",
      "access-control-request-headers": "content-type,if-none-match",
    };
    const preflight = (from: string) => fetch(link.url, { method: "OPTIONS", headers: { ...headers, origin: from } });
    const own = await expectStatus(await preflight(origin), 200, 204);
    if (!["*", origin].includes(own.headers.get("access-control-allow-origin") ?? "")) {
      throw new Error("the storage allows its own pages nothing (BucketCorsConfiguration)");
    }
    const other = await preflight("https://smileloop.invalid");
    if (other.headers.get("access-control-allow-origin")) throw new Error("the storage allows pages of any origin");
  },

  "a job is taken, and not twice": async (session) => {
    const upload = needed(session.upload, "the upload");
    const key = { "idempotency-key": randomUUID() };
    const body = jobOf(session, upload, SMALL);
    const job = (await (await expectStatus(await session.send("/v1/jobs", body, key), 202)).json()) as JobView;
    const again = await expectStatus(await session.send("/v1/jobs", body, key), 200, 202);
    if (((await again.json()) as JobView).id !== job.id) throw new Error("the same request made a second job");
    session.job = job;
  },

  "and done": async (session) => {
    session.job = await jobEnd(session, needed(session.job, "the job").id);
    const { status, error } = session.job;
    if (status !== "succeeded") throw new Error(`${status}: ${error?.code} ${error?.detail}`);
  },

  "its video can be fetched, whole and in part": async ({ job }) => {
    const { url, bytes } = videoOf(job);
    const whole = await expectStatus(await fetch(url), 200);
    const video = Buffer.from(await whole.arrayBuffer());
    if (video.length !== bytes) throw new Error(`${bytes} bytes were promised, not ${video.length}`);
    if (video.toString("latin1", 4, 8) !== "ftyp") throw new Error("it is not an MP4");
    const part = await expectStatus(await fetch(url, { headers: { range: "bytes=0-99" } }), 206);
    if ((await part.arrayBuffer()).byteLength !== 100) throw new Error("a range of 100 bytes has another length");
  },

  "a HEAD tells its length": async ({ ask, job }) => {
    const { bytes } = videoOf(job);
    const { id } = needed(job, "the job");
    const { headers } = await expectStatus(await ask(`/v1/jobs/${id}/outputs/video`, { method: "HEAD" }), 200);
    const length = headers.get("content-length");
    if (length !== String(bytes)) throw new Error(`Content-Length is ${length ?? "missing"}, not ${bytes}`);
  },

  // by a page on another address than the API's, the browser then says `null`
  "pages may follow a redirect to it": async ({ url: api, job }) => {
    const { url } = videoOf(job);
    if (new URL(url).origin === new URL(api).origin) throw new Skipped("storage and API are one server");
    const headers = { "access-control-request-method": "GET", "access-control-request-headers": "x-api-key" };
    const reply = await expectStatus(
      await fetch(url, { method: "OPTIONS", headers: { ...headers, origin: "null" } }),
      200,
      204,
    );
    if (!["*", "null"].includes(reply.headers.get("access-control-allow-origin") ?? "")) {
      throw new Error("the storage lets no page read what the API leads to (BucketCorsConfiguration)");
    }
  },

  "by its link only": async ({ job }) => {
    const { url } = videoOf(job);
    await expectRefusal(await fetch(url.split("?")[0]!));
  },

  "the storage wants TLS": async ({ job }) => {
    const { url } = videoOf(job);
    if (!url.startsWith("https:")) throw new Skipped("it has none here");
    await expectRefusal(await fetch(url.replace("https:", "http:")));
  },

  "a list has it": async ({ ask, job }) => {
    const { id } = needed(job, "the job");
    const reply = await expectStatus(await ask("/v1/jobs?limit=5"), 200);
    const { jobs } = (await reply.json()) as { jobs: JobView[] };
    if (!jobs.some((one) => one.id === id)) throw new Error("it is not in there");
  },

  "a wait ends in time": async ({ ask, job }) => {
    const { id } = needed(job, "the job");
    const startedMs = Date.now();
    await expectStatus(await ask(`/v1/jobs/${id}`, { headers: { prefer: "wait=5" } }), 200);
    if (Date.now() - startedMs > 12_000) throw new Error("it took longer than functions should be held");
  },

  "a job that runs can be canceled": async (session) => {
    const upload = needed(session.upload, "the upload");
    const reply = await expectStatus(await session.send("/v1/jobs", jobOf(session, upload, LONG)), 202);
    const { id } = (await reply.json()) as JobView;
    await expectStatus(await session.send(`/v1/jobs/${id}/cancel`, {}), 200, 202);
    const { status } = await jobEnd(session, id);
    await session.ask(`/v1/jobs/${id}`, { method: "DELETE" });
    if (status !== "canceled") throw new Error(`it is ${status}`);
  },

  // a form with a file in it, which Function URLs hand on as base64
  "the simple API takes a photo": async ({ ask, photo }) => {
    const body = new FormData();
    body.append("source_image", new Blob([Uint8Array.from(photo)]), "photo.jpg");
    body.append("preset", "wink");
    const reply = await expectStatus(await ask("/animate", { method: "POST", body }), 200, 202);
    const { job_id } = (await reply.json()) as { job_id: string };
    await expectStatus(await ask(`/v1/jobs/${job_id}`, { method: "DELETE" }), 204);
  },

  "what was deleted is gone, its link too": async (session) => {
    const job = needed(session.job, "the job");
    await readJob(session, job.id);
    await expectStatus(await session.ask(`/v1/jobs/${job.id}`, { method: "DELETE" }), 204);
    await expectStatus(await session.ask(`/v1/jobs/${job.id}`), 410);
    if (job.outputs.video) await expectRefusal(await fetch(job.outputs.video.url));
  },
};

function jobOf({ engine }: Session, upload: string, params: object) {
  return { kind: "animate", inputs: { image: { upload } }, params: { ...params, ...(engine ? { engine } : {}) } };
}

function videoOf(job: JobView | undefined): { url: string; bytes: number } {
  return needed(job?.outputs.video, "the video");
}
