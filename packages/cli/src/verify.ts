/** `smileloop verify`: whether a file was made here, as `POST /v1/verify` tells it, in sentences or as JSON. Needs no server. */
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Env, readCommandEnv } from "@smileloop/core/env.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { createLog } from "@smileloop/core/log.ts";
import { sniffType } from "@smileloop/core/media/sniff.ts";
import { madeByUs } from "@smileloop/core/verifier.ts";
import type { Verification } from "@smileloop/core/wire/verification.ts";
import { createEngineProcess } from "@smileloop/worker/process/engine-process.ts";
import { readMarks } from "@smileloop/worker/verifier.ts";
import { builtInSetup } from "../../../functions/engines/index.ts";
import { marksKnownHere } from "../../../functions/setup/marking.ts";
import { commandMarkReader } from "../../../functions/setup/signing.ts";
import type { VerifyArgs } from "./args.ts";
import { nameOf } from "./input-file.ts";
import { interrupted } from "./interrupt.ts";
import { EXIT, printJson } from "./report.ts";

/** As many as tell what a file is. */
const HEAD_BYTES = 64 * 1024;

/** Resolves with the exit code, which is 0 whatever the file carries. Throws AppError. */
export async function verify({ file, json }: VerifyArgs): Promise<number> {
  const signal = interrupted();
  const log = createLog({ level: "silent" });
  const folder = await mkdtemp(join(tmpdir(), "smileloop-"));
  const { inspectorCommand } = await builtInSetup();
  const looks = { name: "verifier", workRoot: folder, log };
  const engine = inspectorCommand ? createEngineProcess({ ...inspectorCommand, ...looks }) : null;
  const env = readCommandEnv();
  const reader = commandMarkReader(env, log, engine && { engine, workRoot: folder });
  try {
    const { type, bytes } = await lookAt(file);
    await requireKeys(env);
    const found = await readMarks(reader, { path: resolve(file), type, signal });
    const { signature, watermark } = found;
    const told: Verification = { type, bytes, signature, watermark, made_by_us: madeByUs(found) };
    if (json) printJson({ ok: true, ...told });
    else process.stdout.write(textOf(told));
    return EXIT.done;
  } catch (error) {
    if (!signal.aborted) throw error;
    if (json) printJson({ ok: false, error: { code: "canceled", detail: "Stopped." } });
    return EXIT.interrupted;
  } finally {
    await Promise.all([reader.c2pa.close(), engine?.stop({ graceMs: 0 })]);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where a key cannot be read, that no mark was found would say nothing. Throws `invalid_request`. */
async function requireKeys(env: Env): Promise<void> {
  await marksKnownHere(env).catch((cause: Error) => {
    throw new AppError("invalid_request", cause.message, { cause });
  });
}

/** Throws `not_found`, `input_unreadable`, `empty_file`, `unsupported_type`. */
async function lookAt(path: string): Promise<{ type: string; bytes: number }> {
  const name = nameOf(path);
  const file = await open(path, "r").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") throw new AppError("not_found", `There is no file ${name}.`);
    throw new AppError("input_unreadable", `${name} cannot be read: ${cause.code ?? cause.message}.`, { cause });
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new AppError("unsupported_type", `${name} is not a file.`);
    if (stat.size === 0) throw new AppError("empty_file", `${name} is empty.`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const type = await sniffType(buffer.subarray(0, bytesRead));
    if (type === null) throw new AppError("unsupported_type", `${name} is not a picture, a video or a sound.`);
    return { type, bytes: stat.size };
  } finally {
    await file.close();
  }
}

const SIGNATURE: Record<Verification["signature"], string> = {
  ours: "signed here, and not changed since",
  other: "signed by somebody else",
  broken: "changed after it was signed, or its signature cannot be read",
  none: "not signed",
};
const MADE: Record<Verification["made_by_us"], string> = {
  yes: "It was made here.",
  probably: "It was probably made here: it carries our invisible mark, and no signature of ours that holds.",
  not_found: "Nothing says that it was made here. That does not say that no machine has made it.",
};

function textOf({ signature, watermark, made_by_us }: Verification): string {
  const mark = watermark === null ? "not looked for" : watermark.found ? "found" : "not found";
  return `${MADE[made_by_us]}\n  signature: ${SIGNATURE[signature]}\n  invisible mark: ${mark}\n`;
}
