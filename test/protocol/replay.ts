/** Holds an engine process against a transcript; README.md says what the steps mean. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type EngineReply, PROTOCOL, type Ready, replySchema } from "@smileloop/core/engine/protocol.ts";
import { type Cast, type CastParams, SERVICES } from "@smileloop/core/engine/services.ts";
import type { AnimateRun, AnimateRunResult } from "@smileloop/core/engine/tasks/animate.ts";
import { TASKS } from "@smileloop/core/engine/tasks/index.ts";
import type { TalkRun } from "@smileloop/core/engine/tasks/talk.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { readVideo } from "@smileloop/engine/media/video-reader.ts";
import { castPicture } from "@smileloop/engine/services/cast.ts";
import { finish } from "@smileloop/engine/services/finish.ts";
import { expect } from "vitest";
import type { z } from "zod";
import { PATIENCE_MS } from "../support/processes.ts";
import { clickTrack, wavOf } from "../support/sounds.ts";

type Request = { type?: unknown; run?: unknown; kind?: unknown };
export type Step =
  | { test: string }
  | { cast: CastParams }
  | { send: Request }
  | { raw: string }
  | { oversize: number }
  | { expect: object; within?: number }
  | { progress: string }
  | { outputs: string[]; of: string }
  | { silent: number }
  | { video: string; is: object }
  | { missing: string }
  | { end: number };

/** `command` starts the engine; it runs in `dir`, without an environment, as a worker would start it. `startMs` it may take. */
export type Setting = { command: string[]; dir: string; image: string; startMs?: number };
type Filled = Setting & { cast?: Cast };

/** How many times as long as a transcript says an engine may take: this machine may be slow or busy. */
const SLACK = 60;

export async function replay(path: string, setting: Setting): Promise<void> {
  const frames = Buffer.alloc(64 * 48 * 1.5 * 6, 120);
  writeFileSync(join(setting.dir, "frames.yuv"), frames);
  writeFileSync(join(setting.dir, "short.yuv"), frames.subarray(1));
  const second = clickTrack({ seconds: 1, clicks: [0.1], rate: 16_000 });
  writeFileSync(join(setting.dir, "sound.wav"), wavOf(second, 16_000));
  writeFileSync(join(setting.dir, "motion.json"), JSON.stringify(smile(10, 25)));
  const engine = start(setting);
  try {
    const ready = await engine.next(setting.startMs);
    expect(ready).toMatchObject({ type: "ready", protocol: PROTOCOL });
    engine.offers(ready as Ready);
    const filled: Filled = { ...setting };
    for (const line of readFileSync(path, "utf8").trim().split("\n")) {
      const step = fill(JSON.parse(line), filled) as Step;
      if ("cast" in step) filled.cast = (await castPicture(setting.image, step.cast)).cast;
      else await take(step, engine);
    }
  } catch (error) {
    throw new Error(`${(error as Error).message}\nstderr: ${engine.errors()}`, { cause: error });
  } finally {
    engine.kill();
  }
}

async function take(step: Step, engine: Engine): Promise<void> {
  if ("send" in step) engine.send(step.send);
  else if ("raw" in step) engine.write(step.raw);
  else if ("oversize" in step) engine.write("x".repeat(step.oversize));
  else if ("expect" in step) {
    expect(await engine.next(step.within && step.within * SLACK)).toMatchObject(
      anyText(engine.due(step.expect)) as object,
    );
    await engine.finished();
  } else if ("progress" in step) await engine.progressOf(step.progress);
  else if ("outputs" in step) expect(engine.outputsOf(step.of, step.outputs)).toEqual(step.outputs);
  else if ("silent" in step) await engine.silence(step.silent);
  else if ("video" in step) {
    if (!engine.declined()) expect(await readVideo(step.video)).toMatchObject(step.is);
  } else if ("missing" in step) expect(existsSync(step.missing)).toBe(false);
  else if ("end" in step) expect(await engine.end(step.end * SLACK)).toBe(0);
}

type Engine = ReturnType<typeof start>;

function start({ command, dir }: Setting) {
  const child: ChildProcess = spawn(command[0]!, command.slice(1), { cwd: dir, env: {}, stdio: "pipe" });
  const replies: Exclude<EngineReply, { type: "progress" | "output" }>[] = [];
  const outputs = new Map<string, string[]>();
  const shares = new Map<string, number>();
  const ended = new Set<string>();
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const requests = new Map<string, Request>();
  const unserved = new Set<string>();
  let ready: Ready | undefined;
  let declined = false;
  let finishing: Promise<unknown> = Promise.resolve();
  let [text, errors, fault] = ["", "", undefined as unknown];
  child.stdin!.on("error", () => {});
  child.stderr!.on("data", (chunk) => (errors = `${errors}${chunk}`.slice(-4000)));
  child.stdout!.setEncoding("utf8").on("data", (chunk) => {
    const lines = (text + chunk).split("\n");
    text = lines.pop()!;
    try {
      for (const line of lines) heed(replySchema.parse(JSON.parse(line)));
    } catch (error) {
      fault ??= error;
    }
  });

  /** A run that has ended says nothing more, and a `done` carries what its request is due. */
  function heed(reply: EngineReply): void {
    if (reply.type !== "ready" && ended.has(reply.run)) throw new Error(`${reply.run} had ended`);
    if (reply.type === "progress") {
      const share = reply.done / reply.total;
      expect(share).toBeGreaterThanOrEqual(shares.get(reply.run) ?? 0);
      expect(share).toBeLessThanOrEqual(1);
      shares.set(reply.run, share);
      return;
    }
    if (reply.type === "output") {
      const told = outputs.get(reply.run) ?? [];
      expect(told).not.toContain(reply.name);
      outputs.set(reply.run, [...told, reply.name]);
      return;
    }
    if (reply.type === "done") {
      const request = requests.get(reply.run)!;
      const result = resultOf(request).parse(reply.result);
      if (request.type === "run") finishing = finishFrames(request as AnimateRun | TalkRun, result as AnimateRunResult);
    }
    // A refused line whose run could not be read names none.
    if (reply.type !== "ready" && reply.run !== "") ended.add(reply.run);
    replies.push(reply);
  }

  async function until<T>(what: () => T | undefined, waiting: string, ms = PATIENCE_MS): Promise<T> {
    const endMs = Date.now() + ms;
    for (;;) {
      if (fault !== undefined) throw fault;
      const value = what();
      if (value !== undefined) return value;
      if (Date.now() > endMs) throw new Error(`${waiting} did not come within ${ms} ms`);
      await delay(5);
    }
  }

  return {
    write: (line: string) => void child.stdin!.write(`${line}\n`),
    send(request: Request) {
      if (typeof request.run === "string" && request.type !== "cancel") {
        requests.set(request.run, request);
        if (ready && !serves(ready, request)) unserved.add(request.run);
      }
      this.write(JSON.stringify(request));
    },
    offers(said: Ready) {
      ready = said;
    },
    /** What is expected of what the engine does not offer is that it says so. */
    due(expected: { run?: string }): object {
      const { run = "" } = expected;
      declined = unserved.has(run);
      if (!declined) return expected;
      return { type: "failed", run, code: "not_supported", detail: "*" };
    },
    /** Whether the last answer was due to be that, so that there is no result to look at. */
    declined: () => declined,
    /** Resolves when frames that a run has left are a video. */
    finished: () => finishing,
    next: (ms?: number) => until(() => replies.shift(), "a reply", ms),
    progressOf: (run: string) => (unserved.has(run) ? 0 : until(() => shares.get(run), `progress of ${run}`)),
    /** Names of the outputs that a run has told of; those that were due, where it is not served. */
    outputsOf: (run: string, due: string[]) => (unserved.has(run) ? due : (outputs.get(run) ?? [])),
    async silence(ms: number) {
      await delay(ms);
      expect(replies).toEqual([]);
    },
    async end(ms: number) {
      child.stdin!.end();
      return Promise.race([exited, delay(ms, `alive after ${ms} ms`, { ref: false })]);
    },
    errors: () => errors,
    kill: () => void child.kill("SIGKILL"),
  };
}

function serves({ kinds, checks, services }: Ready, { type, kind }: Request): boolean {
  if (type === "run") return kinds.includes(String(kind));
  return type === "check" ? checks.includes(String(kind)) : services.includes(String(type));
}

function resultOf({ type, kind }: Request): z.ZodType {
  const task = TASKS[String(kind)];
  if (type === "run") return task!.result;
  return type === "check" ? task!.checkResult : SERVICES[type as keyof typeof SERVICES].result;
}

/** As a worker has it done for engines that leave raw frames; results of other kinds have none. */
async function finishFrames(
  { outputs, provenance, inputs }: AnimateRun | TalkRun,
  { outputs: made }: Partial<AnimateRunResult>,
): Promise<void> {
  if (made?.frames === undefined) return;
  const { video: spec, frames } = made;
  const context = { signal: new AbortController().signal, progress: () => {} };
  const audio = "audio" in inputs ? { audio: inputs.audio[0]! } : {};
  await finish({ type: "finish", run: "", frames, ...audio, spec, outputs, provenance }, context);
}

/** Puts in what `@…` stands for. */
function fill(value: unknown, setting: Filled): unknown {
  if (value === "@cast") return setting.cast;
  if (typeof value === "string") {
    const [, frames, fps = "25"] = /^@smile:(\d+)(?::([\d.]+))?$/.exec(value) ?? [];
    if (frames !== undefined) return smile(Number(frames), Number(fps));
    const [, spoken, syllables = "5"] = /^@speech:(\d+)(?::([\d.]+))?$/.exec(value) ?? [];
    if (spoken !== undefined) return speech(Number(spoken), 25, Number(syllables));
    return value
      .replace("@image", setting.image)
      .replace("@frames", join(setting.dir, "frames.yuv"))
      .replace("@short", join(setting.dir, "short.yuv"))
      .replace("@sound", join(setting.dir, "sound.wav"))
      .replace("@motion", join(setting.dir, "motion.json"))
      .replace("@dir", setting.dir);
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, setting));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, fill(item, setting)]));
}

/** A smile that comes and goes once. */
function smile(frames: number, fps: number): MotionFrames {
  const curve = Array.from({ length: frames }, (_, i) => (1 - Math.cos((2 * Math.PI * i) / frames)) / 2);
  return { fps, frames, faces: [{ channels: { mouthSmileLeft: curve, mouthSmileRight: curve } }] };
}

/** A jaw that opens for so many syllables a second. */
function speech(frames: number, fps: number, syllables: number): MotionFrames {
  const open = (frame: number) => 0.3 * (1 - Math.cos((2 * Math.PI * syllables * frame) / fps));
  const jawOpen = Array.from({ length: frames }, (_, frame) => open(frame));
  return { fps, frames, faces: [{ channels: { jawOpen } }] };
}

function anyText(value: unknown): unknown {
  if (value === "*") return expect.stringMatching(/\S/);
  if (Array.isArray(value)) return value.map(anyText);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, anyText(item)]));
}
