/**
 * Reads and writes C2PA manifests in a thread of its own, one file after the other. A file that the thread does not survive, or not in
 * time, costs that thread; the next file gets a new one.
 */
import { Worker } from "node:worker_threads";
import { type SigningKey, signatureBytes, signClaim } from "./cose.ts";

/** `json`: an ingredient as c2pa-rs takes it; `file`: whose own manifest is kept, null where that is not wanted. */
export type Ingredient = { json: string; file: { path: string; type: string } | null };

/** `definition`: a manifest as c2pa-rs takes it. `out`: where the signed file is written; nothing may be there. */
export type SignTask = {
  do: "sign";
  path: string;
  out: string;
  type: string;
  definition: string;
  ingredients: Ingredient[];
  reserveBytes: number;
};
/** `anchors`: certificates in PEM, which signers may lead to; empty: nobody is known. */
export type ReadTask = { do: "read"; path: string; type: string; anchors: string };
export type C2paTask = SignTask | ReadTask;

/** What the thread answers. `trapped`: its program is of no use any more. */
export type C2paReply =
  | { ready: true }
  | { toSign: Uint8Array<ArrayBuffer> }
  | ((
      | { signed: { bytes: number } }
      /** The manifest store as c2pa-rs writes it. */
      | { read: string }
      | { error: string; trapped: boolean }
    ) & { memoryBytes: number });

type Done = Exclude<C2paReply, { ready: true } | { toSign: Uint8Array<ArrayBuffer> }>;

/** The program refused a file, did not survive it, or took too long. */
export class C2paError extends Error {}
/** It took too long, which says nothing of the file: the machine may be busy. */
export class C2paTimeout extends C2paError {}

export type C2pa = {
  /** Throws C2paError, what the key throws, and the signal's reason. */
  sign(task: Omit<SignTask, "do" | "reserveBytes">, key: SigningKey, signal: AbortSignal): Promise<{ bytes: number }>;
  /** Throws C2paError, also where the file has no manifest (`NO_MANIFEST`), and the signal's reason. */
  read(task: Omit<ReadTask, "do">, signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
};

type Options = {
  /** Of the program, beyond its code; a file that needs more is refused. */
  maxMemoryBytes: number;
  /** For one file. */
  timeLimitMs?: number;
};

/** What the error of a file without a manifest says. */
export const NO_MANIFEST = /JumbfNotFound|no JUMBF data found/i;

const TIME_LIMIT_MS = 60_000;
/** A program that has needed more is not kept: it gives nothing back. */
const KEPT_BYTES = 192 * 1024 * 1024;
/** How long it is kept without work: it holds some 60 MB, and takes a third of a second to start. */
const IDLE_MS = 5 * 60_000;
const [SOURCE, BUNDLED] = ["c2pa-thread.ts", "c2pa-thread.mjs"];

export function openC2pa({ maxMemoryBytes, timeLimitMs = TIME_LIMIT_MS }: Options): C2pa {
  let thread: Worker | null = null;
  let last: Promise<unknown> = Promise.resolve();
  let idle: NodeJS.Timeout | undefined;

  const start = (): Worker => {
    const program = new URL(import.meta.url.endsWith(".mjs") ? BUNDLED : SOURCE, import.meta.url);
    // it has nobody's variables and no arguments
    const options = { workerData: { maxMemoryBytes }, env: {}, argv: [], execArgv: [], stdin: false };
    const started = new Worker(program, { ...options, resourceLimits: { maxOldGenerationSizeMb: 512 } });
    started.unref();
    return started;
  };
  const drop = async (dropped: Worker): Promise<void> => {
    clearTimeout(idle);
    if (thread === dropped) thread = null;
    await dropped.terminate();
  };
  const ask = async (task: C2paTask, key: SigningKey | null, signal: AbortSignal): Promise<Done> => {
    signal.throwIfAborted();
    clearTimeout(idle);
    thread ??= start();
    const asked = thread;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeLimitMs)]);
    try {
      const done = await answerOf(asked, task, key, limit);
      if (done.memoryBytes > KEPT_BYTES || ("error" in done && done.trapped)) await drop(asked);
      else idle = setTimeout(drop, IDLE_MS, asked).unref();
      return done;
    } catch (error) {
      await drop(asked);
      if (signal.aborted || !limit.aborted) throw error;
      throw new C2paTimeout(`took more than ${timeLimitMs} ms`);
    }
  };
  const inTurn = (task: C2paTask, key: SigningKey | null, signal: AbortSignal): Promise<Done> => {
    const turn = last.then(() => ask(task, key, signal));
    last = turn.catch(() => {});
    return turn;
  };
  return {
    async sign(task, key, signal) {
      const done = await inTurn({ ...task, do: "sign", reserveBytes: signatureBytes(key) }, key, signal);
      if ("signed" in done) return done.signed;
      throw new C2paError("error" in done ? done.error : "nothing was signed");
    },
    async read(task, signal) {
      const done = await inTurn({ ...task, do: "read" }, null, signal);
      if ("read" in done) return done.read;
      throw new C2paError("error" in done ? done.error : "nothing was read");
    },
    async close() {
      if (thread) await drop(thread);
    },
  };
}

/** Throws what the key throws, the signal's reason, and C2paError where the thread ends. */
function answerOf(thread: Worker, task: C2paTask, key: SigningKey | null, signal: AbortSignal): Promise<Done> {
  const { promise, resolve, reject } = Promise.withResolvers<Done>();
  const onMessage = (reply: C2paReply) => {
    if ("ready" in reply) return;
    if (!("toSign" in reply)) return resolve(reply);
    if (!key) return reject(new C2paError("something was to be signed without a key"));
    signClaim(key, reply.toSign).then((signature) => thread.postMessage({ signature }), reject);
  };
  const onError = (error: Error) => reject(new C2paError(`its thread ended: ${error.message}`));
  const onExit = () => reject(new C2paError("its thread ended"));
  const onAbort = () => reject(signal.reason);
  thread.on("message", onMessage).on("error", onError).on("exit", onExit);
  signal.addEventListener("abort", onAbort, { once: true });
  thread.ref();
  thread.postMessage(task);
  return promise.finally(() => {
    thread.off("message", onMessage).off("error", onError).off("exit", onExit);
    signal.removeEventListener("abort", onAbort);
    thread.unref();
  });
}
