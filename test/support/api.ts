/** An API on storage in memory, on a clock that is held, on a real server on loopback; and a worker that does as it is told. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { type App, createApp } from "@smileloop/api/app.ts";
import type { ApiConfig, ApiDeps } from "@smileloop/api/deps.ts";
import type { Dialect } from "@smileloop/api/dialects/dialect.ts";
import { DIALECTS } from "@smileloop/api/dialects/index.ts";
import { packageAssets } from "@smileloop/api/package-assets.ts";
import { createAudit } from "@smileloop/core/audit/audit-log.ts";
import { storedAudit } from "@smileloop/core/audit/stored.ts";
import type { InspectResult } from "@smileloop/core/engine/services.ts";
import { PUBLIC_ONLY } from "@smileloop/core/fetch/target.ts";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { newToken } from "@smileloop/core/job/ids.ts";
import { outputKey } from "@smileloop/core/job/keys.ts";
import type { JobError, JobRecord, Progress } from "@smileloop/core/job/record.ts";
import { updateJob } from "@smileloop/core/jobs/jobs.ts";
import { createLog } from "@smileloop/core/log.ts";
import type { OutputMark } from "@smileloop/core/marking/mark.ts";
import { memoryQueue } from "@smileloop/core/queue/memory.ts";
import { memoryRecords } from "@smileloop/core/records/memory.ts";
import type { Admission } from "@smileloop/core/scale/admission.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { voiceFacts } from "@smileloop/voice/catalog.ts";
import { kindsWith } from "./kinds.ts";
import { type ManualClock, manualClock } from "./manual-clock.ts";
import { PRESETS, PRESETS_FOLDER } from "./presets.ts";

export type TestApi = {
  deps: ApiDeps;
  app: App;
  clock: ManualClock;
  worker: FakeWorker;
  /** The log's lines so far. */
  lines: Record<string, unknown>[];
  /** `http://127.0.0.1:<port>`; set once `listen` was called. */
  url: string;
  /** Keys of all stored files but the audit's. */
  stored(): Promise<string[]>;
  listen(): Promise<void>;
  close(): Promise<void>;
};

const KINDS = kindsWith(PRESETS, ["warp"]);

export function testApi(
  config: Partial<ApiConfig> = {},
  deps: Partial<ApiDeps> = {},
  dialects: readonly Dialect[] = DIALECTS,
): TestApi {
  const clock = manualClock();
  const lines: Record<string, unknown>[] = [];
  const localLinks = createLocalLinks(Buffer.alloc(32, 7));
  const log = createLog({ level: "info", destination: { write: (line: string) => lines.push(JSON.parse(line)) } });
  const records = memoryRecords({ clock });
  const files = deps.files ?? memoryFiles({ clock, links: localLinks });
  const all: ApiDeps = {
    records,
    files,
    audit: createAudit({ store: storedAudit({ files, notes: records.notes }), files, clock, log }),
    queue: memoryQueue({ clock }),
    admission: openAdmission(),
    clock,
    log,
    presets: PRESETS,
    assets: packageAssets({ presetsDirs: [PRESETS_FOLDER] }),
    voices: voiceFacts({ espeak: false, operator: { named: new Map(), elevenlabs: new Map() } }),
    kinds: KINDS,
    inspector: { inspect: async () => NO_FACES },
    verifier: { verify: async () => ({ signature: "none", instance: null, watermark: null }) },
    localLinks,
    config: {
      publicUrl: null,
      fetch: PUBLIC_ONLY,
      hostsChecked: true,
      allowedHosts: [],
      corsOrigins: [],
      access: "open",
      maxBodyBytes: null,
      maxWaitMs: 60_000,
      dialectWaitMs: 60_000,
      maxFormFileBytes: 1_000_000,
      largeReplies: true,
      allowedPrograms: [],
      liveEvents: true,
      requests: null,
      maxFollowers: 100,
      version: "1.2.3",
      ...config,
    },
    ready: async () => ({ ok: true, parts: { records: "ok", files: "ok", queue: "ok", engine: "ok" } }),
    ...deps,
  };
  const app = createApp(all, dialects);
  let server: Server | null = null;
  const api: TestApi = {
    deps: all,
    app,
    clock,
    worker: fakeWorker(all),
    lines,
    url: "",
    async stored() {
      const keys = [];
      for await (const { key } of all.files.list("")) if (!/^(audit|owners)\//.test(key)) keys.push(key);
      return keys;
    },
    async listen() {
      server = createServer(getRequestListener(app.fetch as Parameters<typeof getRequestListener>[0]));
      await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
      api.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    async close() {
      server?.closeAllConnections();
      await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)));
    },
  };
  return api;
}

export type FakeWorker = {
  /** Claims the job; the token is the claim's. */
  claim(job: Pick<JobRecord, "owner" | "id">): Promise<string>;
  beat(job: Pick<JobRecord, "owner" | "id">, token: string, progress: Progress): Promise<void>;
  /** Stores these bytes as an output and shows it, while the job runs. */
  publish(job: Pick<JobRecord, "owner" | "id">, token: string, name: string, video: Uint8Array): Promise<void>;
  /** Stores these bytes as the job's video and ends it. */
  succeed(job: Pick<JobRecord, "owner" | "id">, token: string, video: Uint8Array, mark?: OutputMark): Promise<void>;
  fail(job: Pick<JobRecord, "owner" | "id">, token: string, error: JobError): Promise<void>;
  cancelDone(job: Pick<JobRecord, "owner" | "id">, token: string): Promise<void>;
};

function fakeWorker(deps: ApiDeps): FakeWorker {
  const change = async ({ owner, id }: Pick<JobRecord, "owner" | "id">, next: Parameters<typeof updateJob>[3]) => {
    const { stored, refused } = await updateJob(deps, owner, id, next);
    if (refused || !stored) throw new Error(`the change was refused: ${refused}`);
    return stored.record;
  };
  const stored = async ({ owner, id }: Pick<JobRecord, "owner" | "id">, name: string, video: Uint8Array) => {
    const attempt = (await deps.records.get(owner, id))?.record.attempt ?? 1;
    const key = outputKey(owner, id, attempt, name);
    const { bytes, sha256 } = await deps.files.put(key, only(video), { type: "video/mp4" });
    const shape = { width: 512, height: 512, frames: 75, fps: 25, duration: 3 };
    return { key, attempt, type: "video/mp4", bytes, sha256, ...shape };
  };
  return {
    async claim(job) {
      const token = newToken();
      await change(job, () => ({ by: "worker", do: "claim", token, worker: "fake", leaseAlive: false }));
      return token;
    },
    async beat(job, token, progress) {
      await change(job, () => ({ by: "holder", do: "beat", token, progress }));
    },
    async publish(job, token, name, video) {
      const output = await stored(job, name, video);
      await change(job, () => ({ by: "holder", do: "publish", token, outputs: { [name]: output } }));
    },
    async succeed(job, token, video, mark) {
      const outputs = { video: { ...(await stored(job, "video", video)), ...(mark && { mark }) } };
      const timings = { download: 5, render: 600, encode: 200, check: 90, upload: 4 };
      await change(job, () => ({
        ...{ by: "holder", do: "succeed", token, outputs, engineVersion: "1.0", warnings: [], timings },
      }));
    },
    async fail(job, token, error) {
      await change(job, () => ({ by: "holder", do: "fail", token, error }));
    },
    async cancelDone(job, token) {
      await change(job, () => ({ by: "holder", do: "cancelDone", token }));
    },
  };
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** What an inspector that never looks says of every picture. */
export const NO_FACES: InspectResult = {
  ...{ width: 640, height: 480, orientation: 1, faces: [], timings: {} },
  warnings: [{ code: "no_face", detail: "No face was found." }],
};

/** The header of a JPEG and some bytes, as far as the API ever looks. */
export function jpegBytes(width = 640, height = 480, bytes = 2000): Uint8Array {
  const frame = [0xff, 0xc0, 0, 17, 8, height >> 8, height & 255, width >> 8, width & 255, 3];
  const start = [0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0];
  const file = new Uint8Array(bytes);
  file.set([...start, ...frame]);
  return file;
}

/** The header of a PNG and some bytes. */
export function pngBytes(width = 640, height = 480, bytes = 2000): Uint8Array {
  const file = Buffer.alloc(bytes);
  file.set([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  file.writeUInt32BE(width, 16);
  file.writeUInt32BE(height, 20);
  file.set([8, 2, 0, 0, 0], 24);
  return new Uint8Array(file);
}

/** Every job goes into its engine's queue. */
export function openAdmission(): Admission {
  return { queueFor: async ({ queue }) => queue, arrived: async () => {} };
}
