/**
 * eSpeak NG as a process: started when it is needed, one text at a time, ended by a kill where it takes too long, and started again after
 * that. What goes over the pipes stands in `host.mjs` of the package `voice-espeak`, which is under another licence and is never loaded here.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { AppError } from "@smileloop/core/errors.ts";
import { z } from "zod";

export type EspeakOrder = { voice: string; rate: number; pitch: number; range: number; text: string };

/** `at`: the first of the word's characters in the text (code points, from 0). Milliseconds. */
export type EspeakWord = { ms: number; at: number; length: number };
export type EspeakPhone = { ms: number; ipa: string };
/** `pcm`: 16 bits, little-endian, mono. */
export type EspeakSound = { pcm: Uint8Array; hz: number; words: EspeakWord[]; phones: EspeakPhone[] };

export type EspeakHost = {
  /** Throws `invalid_request` for an unknown voice, `engine_failed` where it crashes, hangs or says too much, `signal.reason`. */
  say(order: EspeakOrder, signal: AbortSignal): Promise<EspeakSound>;
  stop(): void;
};

export type EspeakHostOptions = {
  /** The program: a script that this Node runs. */
  script: string;
  /** From an order to all of its sound. The first one also waits for the start. */
  timeoutMs?: number;
  /** Of sound, and of a line of events. */
  maxBytes?: number;
};

const TIMEOUT_MS = 30_000;
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_LINE_BYTES = 4 * 1024 * 1024;
/** For its JavaScript; its own memory grows with the longest text, and a text is a sentence. */
const HEAP_FLAG = "--max-old-space-size=128";

const time = z.number().min(0);
const replySchema = z.union([
  z.strictObject({ ready: z.literal(true), hz: z.int().positive() }),
  z.strictObject({ id: z.int(), error: z.string().max(40) }),
  z.strictObject({
    id: z.int(),
    bytes: z.int().min(0),
    hz: z.int().min(4000).max(192_000),
    events: z.array(
      z.union([z.tuple([z.literal("word"), time, z.int(), z.int()]), z.tuple([z.literal("phone"), time, z.string()])]),
    ),
  }),
]);
type Reply = z.infer<typeof replySchema>;
type Child = ChildProcessByStdio<Writable, Readable, null>;
type Waiting = { id: number; done: (sound: EspeakSound) => void; failed: (error: unknown) => void };

export function createEspeakHost({
  script,
  timeoutMs = TIMEOUT_MS,
  maxBytes = MAX_BYTES,
}: EspeakHostOptions): EspeakHost {
  let child: Child | null = null;
  let waiting: Waiting | null = null;
  let lastId = 0;
  let turn: Promise<unknown> = Promise.resolve();

  const fail = (from: Child, error: unknown): void => {
    if (child !== from) return;
    child = null;
    from.kill("SIGKILL");
    waiting?.failed(error);
    waiting = null;
  };
  const start = (): Child => {
    // an empty environment: it needs nothing, and this process may hold keys
    const started = spawn(process.execPath, [HEAP_FLAG, script], { env: {}, stdio: ["pipe", "pipe", "inherit"] });
    const broken = (why: string) => fail(started, new AppError("engine_failed", `eSpeak NG ${why}.`));
    started.on("error", () => broken("could not be started"));
    started.on("exit", (code, signal) => broken(`ended with ${signal ?? code}`));
    started.stdin.on("error", () => {});
    const take = (reply: Reply, pcm: Uint8Array): void => {
      if ("ready" in reply || waiting === null || reply.id !== waiting.id) return;
      const { done, failed } = waiting;
      waiting = null;
      if ("error" in reply) failed(refusal(reply.error));
      else done(soundOf(reply, pcm));
    };
    started.stdout.on("data", replySplitter(maxBytes, take, broken));
    return started;
  };
  const ask = (order: EspeakOrder, signal: AbortSignal): Promise<EspeakSound> =>
    new Promise((done, failed) => {
      signal.throwIfAborted();
      child ??= start();
      const asked = child;
      const timer = setTimeout(
        () => fail(asked, new AppError("engine_failed", `eSpeak NG took more than ${timeoutMs / 1000} s.`)),
        timeoutMs,
      );
      const stopped = () => fail(asked, signal.reason);
      signal.addEventListener("abort", stopped, { once: true });
      const settled = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", stopped);
      };
      waiting = {
        id: ++lastId,
        done: (sound) => {
          settled();
          done(sound);
        },
        failed: (error) => {
          settled();
          failed(error);
        },
      };
      asked.stdin.write(`${JSON.stringify({ id: lastId, ...order })}\n`);
    });
  return {
    say(order, signal) {
      const mine = turn.then(() => ask(order, signal));
      turn = mine.catch(() => {});
      return mine;
    },
    stop: () => {
      if (child) fail(child, new AppError("canceled", "eSpeak NG was stopped."));
    },
  };
}

function refusal(error: string): AppError {
  if (error === "voice") return new AppError("invalid_request", "eSpeak NG does not have this voice.");
  return new AppError("engine_failed", `eSpeak NG could not say this (${error}).`);
}

function soundOf({ hz, events }: Extract<Reply, { bytes: number }>, pcm: Uint8Array): EspeakSound {
  const words: EspeakWord[] = [];
  const phones: EspeakPhone[] = [];
  for (const event of events) {
    if (event[0] === "word") words.push({ ms: event[1], at: event[2] - 1, length: event[3] });
    else phones.push({ ms: event[1], ipa: event[2] });
  }
  return { pcm, hz, words, phones };
}

/** Takes what comes in any pieces: lines of JSON, some with bytes behind them. `broken` is told at most once. */
function replySplitter(
  maxBytes: number,
  take: (reply: Reply, pcm: Uint8Array) => void,
  broken: (why: string) => void,
): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let held = 0;
  let pending: Extract<Reply, { bytes: number }> | null = null;
  let over = false;
  const end = (why: string): void => {
    over = true;
    broken(why);
  };
  /** Whether a line or its sound was whole. */
  const step = (): boolean => {
    if (pending !== null && held < pending.bytes) return false;
    const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    const line = pending === null ? all.indexOf(10) : -1;
    const size = pending === null ? line + 1 : pending.bytes;
    if (pending === null && line < 0) {
      chunks = [all];
      if (held > MAX_LINE_BYTES) end("says too much");
      return false;
    }
    chunks = [all.subarray(size)];
    held -= size;
    if (pending !== null) {
      take(pending, all.subarray(0, size));
      pending = null;
      return true;
    }
    const reply = parsed(all.subarray(0, line).toString());
    if (reply === null) end("says what cannot be read");
    else if (!("bytes" in reply)) take(reply, new Uint8Array(0));
    else if (reply.bytes > maxBytes) end("says too much");
    else pending = reply;
    return !over;
  };
  return (chunk) => {
    if (over) return;
    chunks.push(chunk);
    held += chunk.length;
    while (held > 0 || pending?.bytes === 0) if (!step()) break;
  };
}

function parsed(line: string): Reply | null {
  try {
    return replySchema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
