/** The client: a call for each product, and the API's own calls below. */

import { SmileloopError } from "./errors.ts";
import { type FollowOptions, follow } from "./follow.ts";
import { createHttp, type HttpOptions } from "./http.ts";
import { readKept, type Store, writeKept } from "./keep.ts";
import type {
  AnimateParams,
  LipsyncParams,
  PersonalizeParams,
  PreviewsParams,
  ProcessParams,
  SpeakParams,
  Step,
  TalkParams,
} from "./params.ts";
import { listOf, type Recipient } from "./recipients.ts";
import { type Asked, finish, type Input, type InputRef, type Result, type RunOptions, run } from "./run.ts";
import type { Inspection, Job, JobPage, JobStatus, Kind, Preset, UploadRequest, UploadTarget, Voice } from "./types.ts";
import { type FileSource, type UploadOptions, upload } from "./upload.ts";
import type { Verification } from "./verification.ts";

export type ClientOptions = HttpOptions & {
  /** Where jobs with `keep` are written down, such as `localStorage`. */
  store?: Store | undefined;
};

/** The params and files of a call, and how it is run. */
export type Options<Params> = Params & RunOptions;

type ListOptions = { status?: JobStatus | undefined; limit?: number | undefined; cursor?: string | undefined };

export type JobRequest = {
  kind: string;
  inputs?: Record<string, InputRef | InputRef[]> | undefined;
  params?: Record<string, unknown> | undefined;
  metadata?: Record<string, string> | undefined;
  webhook?: { url: string } | undefined;
};

export type Smileloop = ReturnType<typeof createSmileloop>;

/** All calls throw `SmileloopError`, and the reason of their signal. */
export function createSmileloop(options: ClientOptions = {}) {
  const http = createHttp(options);
  const { store } = options;
  const start = (asked: Asked, how: RunOptions) => run(http, store, asked, how);
  const get = <T>(path: string, signal?: AbortSignal) => http.json<T>(path, { signal });

  return {
    /** A portrait moves: by a preset, or as in the driving clip `driving`. */
    animate(image: Input, options: Options<AnimateParams & { driving?: Input | undefined }>): Promise<Result> {
      const { driving, ...rest } = options;
      return start(...asking("animate", { image, driving }, rest, "video"));
    },
    /** A small clip of a portrait for each of several presets, as outputs of their names: `onOutput` is told of each as soon as it is ready. */
    previews(image: Input, options: Options<PreviewsParams> = {}): Promise<Result> {
      return start(...asking("previews", { image }, options, options.presets?.[0] ?? ""));
    },
    /** A portrait says a text, or what is in the sound `audio`. */
    talk(image: Input, options: Options<TalkParams & { audio?: Input | undefined }>): Promise<Result> {
      const { audio, ...rest } = options;
      return start(...asking("talk", { image, audio }, rest, "video"));
    },
    /** The person of a video says a text, or what is in the sound `audio`. */
    lipsync(video: Input, options: Options<LipsyncParams & { audio?: Input | undefined }>): Promise<Result> {
      const { audio, ...rest } = options;
      return start(...asking("lipsync", { video, audio }, rest, "video"));
    },
    /** A voice says a text. */
    speak(options: Options<SpeakParams>): Promise<Result> {
      return start(...asking("speak", {}, options, "audio"));
    },
    /**
     * The video for each recipient, who is addressed in it by name: `recipients` is a CSV or XLSX file, or an array of names or rows. The
     * result is the `archive`, a ZIP of all files; its output `report` is a CSV that tells what became of each recipient.
     */
    async personalize(
      video: Input,
      recipients: Input | readonly (string | Recipient)[],
      options: Options<PersonalizeParams> = {},
    ): Promise<Result> {
      const list = listOf(recipients, options.name_column);
      return start(...asking("personalize", { video, recipients: list }, options, "archive"));
    },
    /** The face of the picture `source` in a picture or a video. */
    swap(target: Input, source: Input, options: Options<ProcessParams> & Medium = {}): Promise<Result> {
      return start(...processing(target, ["face_swapper"], { ...options, sources: [source] }));
    },
    /** Steps of face processing on a picture or a video. */
    process(target: Input, steps: Step[], options: Options<ProcessParams> & Medium & Sources = {}): Promise<Result> {
      return start(...processing(target, steps, options));
    },
    /** Any kind of job; `main` is the output that the result's `url` is of. */
    run(asked: Omit<Asked, "main" | "inputs"> & Partial<Asked>, options: RunOptions = {}): Promise<Result> {
      return start({ inputs: {}, main: "video", ...asked }, options);
    },
    /** The job that was kept under a name before the page was reloaded; null where there is none that still lives. */
    async resume(
      name: string,
      options: Omit<RunOptions, "keep" | "metadata" | "webhook"> = {},
    ): Promise<Result | null> {
      const kept = readKept(store, name);
      if (!kept) return null;
      try {
        return await finish(http, store, kept, { ...options, keep: name });
      } catch (error) {
        if (!(error instanceof SmileloopError) || (error.status !== 404 && error.status !== 410)) throw error;
        writeKept(store, name, null);
        return null;
      }
    },

    /** What a picture shows, and what a job would warn of. */
    async inspect(image: Input, options: UploadOptions = {}): Promise<Inspection> {
      const input = isRef(image) ? image : { upload: await upload(http, image, options) };
      const { signal } = options;
      return http.json("/v1/inspect", { method: "POST", body: { input }, signal, safe: true });
    },
    /** Whether a file comes from this server, by the marks that results carry. */
    async verify(file: FileSource | { upload: string }, options: UploadOptions = {}): Promise<Verification> {
      const body = "upload" in file ? { upload: file.upload } : { upload: await upload(http, file, options) };
      const { signal } = options;
      return http.json("/v1/verify", { method: "POST", body, signal, safe: true });
    },
    /** Erases everything that the server keeps of the caller: all jobs with their files, and all uploads. How many of each there were. */
    erase: (): Promise<{ jobs: number; uploads: number }> => http.json("/v1/owner", { method: "DELETE", safe: true }),
    presets: async (signal?: AbortSignal) => (await get<{ presets: Preset[] }>("/v1/presets", signal)).presets,
    kinds: async (signal?: AbortSignal) => (await get<{ kinds: Kind[] }>("/v1/kinds", signal)).kinds,
    voices: async (language?: string, signal?: AbortSignal) => {
      const query = language === undefined ? "" : `?language=${encodeURIComponent(language)}`;
      return (await get<{ voices: Voice[] }>(`/v1/voices${query}`, signal)).voices;
    },

    uploads: {
      /** A link for exactly these bytes. */
      create: (request: UploadRequest, signal?: AbortSignal): Promise<UploadTarget> =>
        http.json("/v1/uploads", { method: "POST", body: request, signal, safe: true }),
      /** Uploads a file; answers its id. */
      send: (file: FileSource, options: UploadOptions = {}): Promise<string> => upload(http, file, options),
      delete: async (id: string): Promise<void> => {
        await http.send(`/v1/uploads/${id}`, { method: "DELETE" });
      },
    },
    jobs: {
      /** Safe to repeat with the same `id`, which `newId()` makes. */
      create: (id: string, body: JobRequest, signal?: AbortSignal): Promise<Job> =>
        http.json(`/v1/jobs/${id}`, { method: "PUT", body, signal }),
      get: (id: string, signal?: AbortSignal): Promise<Job> => get(`/v1/jobs/${id}`, signal),
      list: (options: ListOptions = {}, signal?: AbortSignal): Promise<JobPage> => {
        const given = Object.entries(options).flatMap(([name, value]) =>
          value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
        );
        return get(`/v1/jobs${given.length > 0 ? `?${given.join("&")}` : ""}`, signal);
      },
      /** The job when it has ended, however it has. */
      follow: (id: string, options: FollowOptions = {}): Promise<Job> => follow(http, id, options),
      /**
       * The address of the payment page for the job's clean file, where the server sells it (`job.charge`). `waiver`: the buyer asks for the file
       * at once and knows that the right of withdrawal ends with it. `return_url`: where the buyer comes back to, with `job` and `cs` in its query.
       */
      checkout: (id: string, asked: { waiver: true; return_url?: string | undefined }): Promise<{ url: string }> =>
        http.json(`/v1/jobs/${id}/checkout`, { method: "POST", body: asked, safe: true }),
      /** The job once the buyer is back from the payment page; `session`: `cs` of the address. */
      bought: (id: string, session: string): Promise<Job> => get(`/v1/jobs/${id}?cs=${encodeURIComponent(session)}`),
      /** Has the paid file handed out: the job with a signed link to it. The right of withdrawal ends here. */
      deliver: (id: string): Promise<Job> => http.json(`/v1/jobs/${id}/delivery`, { method: "POST", safe: true }),
      /** Withdraws from a purchase: the clean file is closed and the money goes back, while `job.charge.refundable`. */
      withdraw: (id: string): Promise<Job> =>
        http.json(`/v1/jobs/${id}/withdrawal`, { method: "POST", body: { confirm: true }, safe: true }),
      cancel: (id: string): Promise<Job> => http.json(`/v1/jobs/${id}/cancel`, { method: "POST", safe: true }),
      delete: async (id: string): Promise<void> => {
        await http.send(`/v1/jobs/${id}`, { method: "DELETE" });
      },
    },
  };
}

/** Whether the target is a picture or a video; by its type where this is absent. */
type Medium = { medium?: "image" | "video" | undefined };
/** Pictures of faces, or a sound, for steps that take them. */
type Sources = { sources?: Input[] | undefined };

function processing(
  target: Input,
  steps: Step[],
  options: Options<ProcessParams> & Medium & Sources,
): [Asked, RunOptions] {
  const { medium, sources, ...rest } = options;
  const video = medium ? medium === "video" : target instanceof Blob && target.type.startsWith("video/");
  const kind = video ? "process_video" : "process_image";
  return asking(kind, { target, source: sources }, { processors: steps, ...rest }, video ? "video" : "image");
}

/** Params, without what says how the call is run. */
function asking<Params extends object>(
  kind: string,
  inputs: Asked["inputs"],
  options: Params & RunOptions,
  main: string,
): [Asked, RunOptions] {
  const { signal, onProgress, onOutput, keep, metadata, webhook, ...params } = options;
  return [
    { kind, inputs, params, main },
    { signal, onProgress, onOutput, keep, metadata, webhook },
  ];
}

function isRef(input: Input): input is InputRef {
  return "upload" in input || "job" in input || "url" in input;
}
