/**
 * An engine that renders nothing and misbehaves on command. It speaks the real protocol; what it does with a request is
 * written in the picture that the job brings: a JSON object with `run` and `check` (names of behaviours below, or lists of
 * them, one for each attempt). Where the picture says nothing, it does what it should.
 *
 * It imports nothing but Node's own modules, so that it starts fast.
 */
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import type { CheckRequest, EngineRequest, RunRequest } from "@smileloop/core/engine-protocol.ts";

/** What the picture of a job is made of. `trace`: a file that is told of every request by the pid that got it. */
export type StubScript = {
  run?: Behaviour;
  check?: Behaviour;
  /** Behaviours of the attempts, in turn; the last one goes on. Needs `trace`. */
  runs?: Behaviour[];
  trace?: string;
};

/** A behaviour, or `fail:<code>`, or `slow:<ms>` (with progress). */
export type Behaviour = keyof typeof behaviours | `fail:${string}` | `slow:${number}`;

type Task = RunRequest | CheckRequest;
type StubOptions = { kinds: string; services: string; start: string };

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
  memory: () => {
    const kept: Buffer[] = [];
    setInterval(() => kept.push(Buffer.alloc(32 * 1024 * 1024, 1)), 20);
  },
  /** Says that all is well, and has written nothing. */
  lie: (task: Task) => say({ type: "done", run: task.run, result: resultOf(task) }),
  /** An answer that breaks the schema. */
  nonsense: (task: Task) => say({ type: "done", run: task.run, result: { frames: "many" } }),
};

const { values } = parseArgs({
  options: {
    kinds: { type: "string", default: "animate" },
    services: { type: "string", default: "check" },
    /** `silent`: never says `ready`; `broken`: exits at once. */
    start: { type: "string", default: "well" },
  },
});
start(values);

function start({ kinds, services, start: how }: StubOptions): void {
  if (how === "broken") process.exit(1);
  const list = (text: string) => text.split(",").filter((word) => word !== "");
  if (how !== "silent") {
    say({
      type: "ready",
      protocol: 1,
      engine: "warp",
      version: "9.9.9",
      kinds: list(kinds),
      services: list(services),
      slots: 1,
    });
  }
  createInterface({ input: process.stdin })
    .on("line", take)
    .on("close", () => process.exit(0));
}

function take(line: string): void {
  const request = JSON.parse(line) as EngineRequest;
  if (request.type === "cancel") canceled = request.run;
  else if (request.type === "run" || request.type === "check") act(request);
}

function act(task: Task): void {
  const script = scriptOf(task.inputs.image.path);
  let behaviour = script[task.type] ?? "well";
  if (script.trace) {
    appendFileSync(script.trace, `${JSON.stringify({ type: task.type, pid: process.pid, run: task })}\n`);
    if (task.type === "run" && script.runs)
      behaviour = script.runs[Math.min(runsSoFar(script.trace), script.runs.length) - 1]!;
  }
  const [name = "", argument = ""] = behaviour.split(":");
  if (name === "fail") say({ type: "failed", run: task.run, code: argument, detail: `It failed with ${argument}.` });
  else if (name === "slow") slowly(task, Number(argument));
  else behaviours[name as keyof typeof behaviours](task);
}

function scriptOf(path: string): StubScript {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as StubScript;
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

function finish(task: Task): void {
  if (task.type === "run") {
    const { fps, frames } = task.motion;
    writeFileSync(
      task.outputs.video,
      JSON.stringify({ frames, fps, provenance: task.provenance, params: task.params }),
    );
  }
  try {
    say({ type: "done", run: task.run, result: resultOf(task) });
  } catch {
    say({ type: "failed", run: task.run, code: "check_unreadable", detail: "The result does not decode." });
  }
}

/** The check reads the file; the run tells what it was asked for. */
function resultOf(task: Task): unknown {
  const { fps, frames } = task.motion;
  const spec = { width: 512, height: 512, fps, frames };
  if (task.type === "run") {
    const warnings = [{ code: "enlarged", detail: "The crop was enlarged." }];
    const timings = { decode: 1, detect: 2, render: 3, encode: 4 };
    return { outputs: { video: { ...spec, frames: frames + 1 } }, faces: 1, warnings, ignoredChannels: [], timings };
  }
  const text = readFileSync(task.file, "utf8");
  const found = JSON.parse(text) as { frames: number; fps: number };
  const video = {
    ...spec,
    frames: found.frames,
    fps: found.fps,
    duration: found.frames / found.fps,
    bytes: Buffer.byteLength(text),
  };
  return { video, timings: { check: 5 } };
}
