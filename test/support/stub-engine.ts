/**
 * An engine that renders nothing and misbehaves on command. It speaks the real protocol; what it does with a request is
 * written at the end of the picture that the job brings: a JSON object with `cast`, `run` and `check` (names of behaviours
 * below, or lists of them, one for each attempt). Where the picture says nothing, it does what it should.
 *
 * It imports nothing but Node's own modules, so that it starts fast.
 */
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { FinishRequest } from "@smileloop/core/engine/finish-service.ts";
import type { Cast, CastRequest, InspectRequest } from "@smileloop/core/engine/services.ts";
import type { AnimateCheck, AnimateRun, AnimateRunResult } from "@smileloop/core/engine/tasks/animate.ts";
import type { MotionFrames } from "@smileloop/core/motion/motion.ts";
import { factsIn, STUB_POSTER, stubVideo } from "./stub-video.ts";

/** What the picture of a job is made of. `trace`: a file that is told of every run and check by the pid that got it. */
export type StubScript = {
  cast?: Behaviour;
  inspect?: Behaviour;
  /** Faces that move; one by default. */
  movers?: number;
  run?: Behaviour;
  check?: Behaviour;
  /** What the check warns of. */
  weak?: string;
  /** Behaviours of the attempts, in turn; the last one goes on. Needs `trace`. */
  runs?: Behaviour[];
  trace?: string;
};

/** A behaviour, or `fail:<code>`, or `slow:<ms>` (with progress), or `until:<path>` (works until there is such a file). */
export type Behaviour = keyof typeof behaviours | `fail:${string}` | `slow:${number}` | `until:${string}`;

type Task = AnimateRun | AnimateCheck | CastRequest | InspectRequest;
type StubOptions = { engine: string; kinds: string; checks: string; services: string; start: string };

const say = (message: unknown) => process.stdout.write(`${JSON.stringify(message)}\n`);
const progress = (run: string, done: number, total: number) =>
  say({ type: "progress", run, stage: "render", done, total });
let canceled = "";

const behaviours = {
  well: (task: Task) => finish(task),
  crash: () => process.exit(3),
  abort: () => process.kill(process.pid, "SIGSEGV"),
  /** Reads nothing more, and burns its CPU. */
  hang: (task: Task) => {
    progress(task.run, 1, 10);
    setTimeout(() => {
      for (;;) Math.random();
    }, 20);
  },
  /** Leaves the work to a process of its own, and waits for it. */
  family: (task: Task) => {
    const child = spawn("/bin/sleep", ["600"]);
    say({ type: "progress", run: task.run, stage: String(child.pid), done: 1, total: 10 });
  },
  /** Does nothing at all, and does not listen to a cancel. */
  deaf: () => process.stdin.pause(),
  /** Works until it is canceled, and then stops as it should. */
  forever: (task: Task) => {
    let done = 0;
    const step = () => {
      const untilMs = Date.now() + 20;
      while (Date.now() < untilMs) Math.random();
      if (canceled === task.run) {
        say({ type: "failed", run: task.run, code: "canceled", detail: "The job was canceled." });
      } else {
        progress(task.run, Math.min(++done, 999), 1000);
        setTimeout(step, 5);
      }
    };
    step();
  },
  stderrFlood: (task: Task) => {
    const chunk = "x".repeat(1024 * 1024);
    const write = (left: number) => {
      if (left === 0) finish(task);
      else process.stderr.write(chunk, () => write(left - 1));
    };
    write(100);
  },
  overlong: (task: Task) => {
    const chunk = "y".repeat(1024 * 1024);
    for (let i = 0; i < 20; i++) process.stdout.write(chunk);
    process.stdout.write("\n", () => finish(task));
  },
  garbage: (task: Task) => {
    process.stdout.write(
      'hello\n{"type":"done"}\n[1,2\n\n{"type":"progress","run":"other","stage":"x","done":1,"total":1}\n',
    );
    for (let i = 0; i < 1000; i++) process.stdout.write(`warning ${i}: nobody expects this\n`);
    finish(task);
  },
  backwards: (task: Task) => {
    for (const done of [1, 8, 3, 9, 2]) progress(task.run, done, 10);
    setTimeout(() => finish(task), 100);
  },
  /** Up to 1 GB: who is to notice may be late on a busy machine. */
  memory: () => {
    const kept: Buffer[] = [];
    setInterval(() => kept.length < 32 && kept.push(Buffer.alloc(32 * 1024 * 1024, 1)), 20);
  },
  /** Leaves frames (a file that names them) instead of a video. */
  frames: (task: Task) => leaveFrames(task, "frames.yuv"),
  /** The frames are somewhere else. */
  strayFrames: (task: Task) => leaveFrames(task, "../frames.yuv"),
  deviceLost: (task: Task) => {
    say({ type: "failed", run: task.run, code: "device_lost", detail: "The graphics card is gone." });
    process.exit(4);
  },
  /** Fails with what it finds in its environment. */
  environment: (task: Task) =>
    say({ type: "failed", run: task.run, code: "not_supported", detail: JSON.stringify(process.env) }),
  /** Cannot read what it was asked, it says. */
  deafened: () => say({ type: "failed", run: "", code: "invalid_request", detail: "This is not JSON." }),
  /** Writes about nothing, without end. */
  chatter: () => {
    const lines = "nobody asked\n".repeat(1000);
    const write = () => process.stdout.write(lines, () => setImmediate(write));
    write();
  },
  /** A list of as many faults as fit into a line. */
  faults: (task: Task) => {
    const result = resultOf(task) as AnimateRunResult;
    say({
      type: "done",
      run: task.run,
      result: { ...result, outputs: Array(400_000).fill(0), ignoredChannels: Array(50).fill(0) },
    });
  },
  /** Says that all is well, and has written nothing. */
  lie: (task: Task) => say({ type: "done", run: task.run, result: resultOf(task) }),
  /** An answer that breaks the schema. */
  nonsense: (task: Task) => say({ type: "done", run: task.run, result: { frames: "many" } }),
};

const { values } = parseArgs({
  options: {
    engine: { type: "string", default: "warp" },
    kinds: { type: "string", default: "animate" },
    checks: { type: "string", default: "animate" },
    services: { type: "string", default: "cast" },
    /** `silent`: never says `ready`; `late`: takes its time; `older`: speaks protocol 1; `broken`: exits at once; a sentence: exits with it. */
    start: { type: "string", default: "well" },
  },
});
start(values);

function start(options: StubOptions): void {
  const { engine, kinds, checks, services, start: how } = options;
  if (how === "late") return void setTimeout(() => start({ ...options, start: "well" }), 800);
  if (how === "broken") process.exit(1);
  if (how.includes(" ")) {
    process.stderr.write(`${how}\n`);
    process.exit(3);
  }
  const list = (text: string) => text.split(",").filter((word) => word !== "");
  if (how !== "silent") {
    say({
      type: "ready",
      protocol: how === "older" ? 1 : 2,
      engine,
      version: "9.9.9",
      kinds: list(kinds),
      checks: list(checks),
      services: list(services),
    });
  }
  createInterface({ input: process.stdin })
    .on("line", take)
    .on("close", () => process.exit(0));
}

function take(line: string): void {
  const request = JSON.parse(line) as Task | FinishRequest | { type: "cancel"; run: string };
  if (request.type === "cancel") canceled = request.run;
  else if (request.type === "finish") finishFrames(request);
  else act(request);
}

function act(task: Task): void {
  const script = scriptOf(task.inputs.image[0]!.path);
  let behaviour = script[task.type] ?? "well";
  if (script.trace && (task.type === "run" || task.type === "check")) {
    appendFileSync(script.trace, `${JSON.stringify({ type: task.type, pid: process.pid, run: task })}\n`);
    if (task.type === "run" && script.runs)
      behaviour = script.runs[Math.min(runsSoFar(script.trace), script.runs.length) - 1]!;
  }
  const [name = "", argument = ""] = behaviour.split(/:(.*)/s);
  if (name === "fail") say({ type: "failed", run: task.run, code: argument, detail: `It failed with ${argument}.` });
  else if (name === "slow") slowly(task, Number(argument));
  else if (name === "until") untilThere(task, argument);
  else behaviours[name as keyof typeof behaviours](task);
}

function scriptOf(path: string): StubScript {
  try {
    const text = readFileSync(path, "latin1");
    return JSON.parse(text.slice(text.lastIndexOf("\n{") + 1)) as StubScript;
  } catch {
    return {};
  }
}

function runsSoFar(trace: string): number {
  return readFileSync(trace, "utf8").split('"type":"run","pid"').length - 1;
}

function slowly(task: Task, ms: number): void {
  let done = 0;
  const timer = setInterval(() => {
    if (canceled === task.run) {
      clearInterval(timer);
      say({ type: "failed", run: task.run, code: "canceled", detail: "The job was canceled." });
    } else if (++done >= 10) {
      clearInterval(timer);
      finish(task);
    } else progress(task.run, done, 10);
  }, ms / 10);
}

function untilThere(task: Task, path: string): void {
  const timer = setInterval(() => {
    if (!existsSync(path)) return;
    clearInterval(timer);
    finish(task);
  }, 10);
}

function leaveFrames(task: Task, name: string): void {
  if (task.type !== "run") throw new Error("A check leaves no frames.");
  const path = join(dirname(task.outputs.video), name);
  writeFileSync(path, "frames");
  const result = resultOf(task) as AnimateRunResult;
  say({
    type: "done",
    run: task.run,
    result: { ...result, outputs: { video: specOf(motionOf(task)), frames: { path, pixels: "yuv420p" } } },
  });
}

/** A video as `finish(task)` writes it. */
function finishFrames({ run, frames, spec, outputs, provenance }: FinishRequest): void {
  statSync(frames.path);
  writeFileSync(outputs.video, stubVideo({ frames: spec.frames, fps: spec.fps, provenance }));
  if (outputs.poster) writeFileSync(outputs.poster.path, STUB_POSTER);
  say({ type: "done", run, result: { video: spec, timings: { encode: 1 } } });
}

function finish(task: Task): void {
  if (task.type === "run") {
    const { fps, frames } = motionOf(task);
    writeFileSync(task.outputs.video, stubVideo({ frames, fps, provenance: task.provenance, params: task.params }));
    if (task.outputs.poster) writeFileSync(task.outputs.poster.path, STUB_POSTER);
  }
  try {
    say({ type: "done", run: task.run, result: resultOf(task) });
  } catch {
    say({ type: "failed", run: task.run, code: "check_unreadable", detail: "The result does not decode." });
  }
}

/** Also of a long one, which comes by a file. */
function motionOf({ motion }: AnimateRun | AnimateCheck): MotionFrames {
  return "path" in motion ? (JSON.parse(readFileSync(motion.path, "utf8")) as MotionFrames) : motion;
}

function specOf({ fps, frames }: MotionFrames) {
  return { width: 512, height: 512, fps, frames };
}

/** Faces side by side, each with its whole motion. */
function castOf(task: CastRequest): Cast {
  const { movers = 1 } = scriptOf(task.inputs.image[0]!.path);
  return {
    picture: { width: 512, height: 512 },
    frame: { crop: { x: 0, y: 0, width: 512, height: 512 }, width: 512, height: 512, enlarged: 1 },
    faces: movers,
    movers: Array.from({ length: movers }, (_, index) => ({
      index,
      crop: { x: 100 * (index + 1), y: 250, size: 90, angle: 0 },
      score: 0.9,
      points: Array.from({ length: 5 }, (): [number, number] => [100 * (index + 1), 250]),
      ease: { all: 1, eyes: 1, head: 1 },
    })),
  };
}

/** The check reads the file; the run tells what it was asked for. */
function resultOf(task: Task): unknown {
  if (task.type === "inspect") {
    return { width: 640, height: 480, orientation: 1, faces: [], warnings: [], timings: { detect: process.pid } };
  }
  if (task.type === "cast") return { cast: castOf(task), warnings: [], timings: { detect: 1 } };
  const spec = specOf(motionOf(task));
  if (task.type === "run") {
    const warnings = [{ code: "enlarged", detail: "The crop was enlarged." }];
    const timings = { decode: 1, detect: 2, render: 3, encode: 4 };
    return {
      outputs: { video: { ...spec, frames: spec.frames + 1 } },
      warnings,
      ignoredChannels: [],
      timings,
    };
  }
  const file = readFileSync(task.files.video);
  const found = factsIn(file) as { frames: number; fps: number };
  const video = {
    ...spec,
    frames: found.frames,
    fps: found.fps,
    duration: found.frames / found.fps,
    bytes: file.byteLength,
  };
  const { weak } = scriptOf(task.inputs.image[0]!.path);
  const warnings = weak === undefined ? [] : [{ code: "motion_weak", detail: weak }];
  const poster = task.files.poster && { width: 512, height: 512, bytes: statSync(task.files.poster.path).size };
  return { video, ...(poster && { poster }), warnings, timings: { check: 5 } };
}
