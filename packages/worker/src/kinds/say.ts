/** A text is said by the process that has the voices, into a file of the job. */
import { createHash } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type SayRequest, type SayResult, sayResultSchema } from "@smileloop/core/engine/speech-services.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { TalkJobParams } from "@smileloop/core/kinds/talk.ts";
import { unpackMotion } from "@smileloop/core/motion/motion-file.ts";
import { type Spoken, spokenSchema } from "@smileloop/core/speech/spoken.ts";
import type { JobIo, LocalFile } from "../job-io.ts";

export const WAV = "audio/wav";
/** Shorter sounds and texts than this are never worth a time limit of their own. */
const SAYING_MS = 60_000;

export type Said = SayResult & { path: string };

/** `timed`: by a voice of ours, which tells its times. `key`, `model`: of the client, for a voice elsewhere. */
export type Saying = Pick<TalkJobParams, "voice" | "language" | "speed" | "pronounce"> & {
  timed?: boolean;
  key?: string | undefined;
  model?: string | undefined;
  maxSeconds: number;
};

/** Writes `<name>.wav` into the folder of the job. Throws what the service `say` throws. */
export async function say(
  io: JobIo,
  { voice, language, speed, pronounce, timed, key, model, maxSeconds }: Saying,
  text: string,
  name: string,
): Promise<Said> {
  const outputs = { sound: join(io.dir, `${name}.wav`), spoken: join(io.dir, `${name}.json`) };
  const request: Omit<SayRequest, "run"> = {
    type: "say",
    params: {
      text,
      speed: speed ?? 1,
      ...(voice === undefined ? {} : { voice }),
      ...(language === undefined ? {} : { language }),
      ...(pronounce === undefined ? {} : { pronounce }),
    },
    ...(timed ? { timed } : {}),
    ...(key === undefined ? {} : { key }),
    ...(model === undefined ? {} : { model }),
    limits: { seconds: maxSeconds },
    outputs,
  };
  const options = io.options("voice");
  const result = await io.serving("say").request(request, {
    ...options,
    timeoutMs: Math.max(SAYING_MS, options.timeoutMs),
    result: sayResultSchema,
  });
  if (result.spoken) requireOwn(result.spoken, outputs.spoken);
  return { ...result, path: outputs.sound };
}

/**
 * `say`, or what an earlier job of the same owner had said in the same way: many recipients have the same name. One file holds the sound and
 * its times, so that they are always of one another. The name of that file follows from the key, too, of which only a hash is in it.
 */
export async function sayOnce(io: JobIo, saying: Saying, text: string, name: string): Promise<Said> {
  const kept = await io.cached(
    createHash("sha256")
      .update(JSON.stringify(["said", text, saying]))
      .digest("hex"),
    async (path) => {
      const { path: sound, spoken, ...said } = await say(io, saying, text, name);
      const times = spoken && (await unpackMotion<Spoken>(spoken, spokenSchema));
      const bytes = await readFile(sound, "base64");
      await writeFile(path, JSON.stringify({ said: { ...said, ...(times && { spoken: times }) }, sound: bytes }));
    },
    "application/json",
  );
  const { said, sound } = JSON.parse(await readFile(kept.path, "utf8")) as { said: unknown; sound: string };
  const path = join(io.dir, `${name}.wav`);
  await writeFile(path, Buffer.from(sound, "base64"));
  return { ...sayResultSchema.parse(said), path };
}

/** What a process writes, it writes where it was told to. */
export function requireOwn(packed: object, path: string): void {
  if (!("path" in packed) || packed.path === path) return;
  throw new AppError("engine_failed", "A process left its result where it does not belong.");
}

/** A WAV that a process has left. Throws `engine_failed` where there is none. */
export async function localFile(path: string): Promise<LocalFile> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new AppError("engine_failed", "A process left no sound.", { cause });
  });
  return { path, type: WAV, bytes: found.size };
}
