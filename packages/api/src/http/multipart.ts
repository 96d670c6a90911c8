/**
 * Forms with files (RFC 7578), read as a stream: a file is passed on while it comes in, and the body is read
 * only as fast as the file is taken. Parts may come in any order; names may be unquoted, as PowerShell sends them.
 */
import type { Readable } from "node:stream";
import { Busboy, type BusboyInstance } from "@fastify/busboy";
import { AppError, type FieldError } from "@smileloop/core/errors.ts";
import type { RequestBody } from "./request-body.ts";

export type FormSpec<T> = {
  /** Text parts that may come, by name; limits in bytes of UTF-8. `most`: how many of that name, where that is not one. */
  fields: Record<string, { maxBytes: number; most?: number }>;
  /** Parts that are files whatever their own headers say, by name; `most`: as for fields. Their own file names and types are ignored. */
  files: Record<string, { maxBytes: number; most?: number }>;
  /** Takes a file as it comes. Its error ends the reading; when the form fails, `body` throws. */
  onFile(name: string, body: AsyncIterable<Uint8Array>): Promise<T>;
};

/**
 * What has come so far. `lists`, `fileLists`: parts of which several may come, in the order of the form. `faults`: parts that came too
 * often, are not known or too long.
 */
export type Form<T> = {
  fields: Map<string, string>;
  lists: Map<string, string[]>;
  files: Map<string, T>;
  fileLists: Map<string, T[]>;
  faults: FieldError[];
};

/** Thrown as soon as a file passes its limit. `bytes`: how large it is, or null when its end was too far away to look. */
export class FileTooLarge extends AppError {
  readonly bytes: number | null;

  constructor(name: string, maxBytes: number, bytes: number | null) {
    super("too_large", `The file '${name}' is larger than ${maxBytes} bytes.`);
    this.bytes = bytes;
  }
}

/** How much more is read, and for how long, once a file has passed its limit, so that the error can say how large it is. */
const LOOK_AHEAD_BYTES = 1024 * 1024;
const LOOK_AHEAD_MS = 500;
/** What a body may have besides its files. */
const OVERHEAD_BYTES = 1024 * 1024;
const LIMITS = { parts: 32, headerPairs: 32, headerSize: 8 * 1024 };

export function emptyForm<T>(): Form<T> {
  return { fields: new Map(), lists: new Map(), files: new Map(), fileLists: new Map(), faults: [] };
}

/**
 * Reads a body into `form`, which also holds what was seen when this throws: `FileTooLarge`, `too_large` (the body as a whole),
 * `malformed`, and what `onFile` throws. By then no file is being read any more; those in `form.files` and `form.fileLists` are the
 * caller's to keep or to remove. An empty body, or one that is not multipart, leaves the form empty.
 */
export async function readMultipart<T>(
  body: RequestBody,
  contentType: string | null,
  spec: FormSpec<T>,
  form: Form<T>,
): Promise<void> {
  if (contentType === null || !/^\s*multipart\/form-data\s*(;|$)/i.test(contentType)) return;
  const parser = openParser(contentType.trim(), spec);
  const first = await body.read();
  if (!first) return;
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  const files = takeParts(parser, spec, form, failure.reject);
  try {
    await Promise.race([feed(parser, body, first, bodyLimit(spec)), failure.promise]);
    await Promise.race([files.settled(), failure.promise]);
  } catch (error) {
    files.abort(error as Error);
    await files.settled();
    throw error;
  }
}

function openParser<T>(contentType: string, spec: FormSpec<T>): BusboyInstance {
  const fieldSize = Math.max(0, ...Object.values(spec.fields).map(({ maxBytes }) => maxBytes)) + 1;
  try {
    return new Busboy({
      headers: { "content-type": contentType },
      isPartAFile: (name) => name !== undefined && Object.hasOwn(spec.files, name),
      limits: { ...LIMITS, fieldSize },
    });
  } catch (error) {
    throw new AppError("malformed", "The Content-Type has no boundary, so the parts cannot be told apart.", {
      cause: error,
    });
  }
}

function bodyLimit<T>(spec: FormSpec<T>): number {
  const files = Object.values(spec.files).reduce((sum, { maxBytes, most = 1 }) => {
    return sum + most * (maxBytes + LOOK_AHEAD_BYTES);
  }, 0);
  return files + OVERHEAD_BYTES;
}

type Parts = { settled(): Promise<void>; abort(error: Error): void };

/** Files the parts as the parser finds them. */
function takeParts<T>(parser: BusboyInstance, spec: FormSpec<T>, form: Form<T>, fail: (error: unknown) => void): Parts {
  const taken = new Map<string, number>();
  const streams: Readable[] = [];
  const work: Promise<void>[] = [];
  const fault = (name: string | undefined, type: string, msg: string) => {
    form.faults.push({ loc: ["body", ...(name === undefined ? [] : [name.slice(0, 60)])], msg, type });
  };

  const isNew = (name: string | undefined): name is string => {
    if (name === undefined || !(Object.hasOwn(spec.fields, name) || Object.hasOwn(spec.files, name))) {
      fault(name, "extra_forbidden", "This part is not known here");
      return false;
    }
    const count = (taken.get(name) ?? 0) + 1;
    const most = (spec.fields[name] ?? spec.files[name])?.most ?? 1;
    if (count <= most) taken.set(name, count);
    else fault(name, "duplicate", most === 1 ? "This part was sent twice" : `At most ${most} parts of this name`);
    return count <= most;
  };

  parser.on("error", (error) => fail(unreadable(error)));
  parser.on("partsLimit", () => fail(new AppError("malformed", `A form has at most ${LIMITS.parts} parts.`)));
  parser.on("field", (name: string | undefined, value, _nameTruncated, truncated) => {
    if (!isNew(name)) return;
    const { maxBytes, most } = spec.fields[name]!;
    if (truncated || Buffer.byteLength(value) > maxBytes) fault(name, "string_too_long", `At most ${maxBytes} bytes`);
    else if (most === undefined) form.fields.set(name, value);
    else form.lists.set(name, [...(form.lists.get(name) ?? []), value]);
  });
  parser.on("file", (name: string | undefined, stream) => {
    stream.on("error", () => {});
    if (!isNew(name)) {
      stream.resume();
      return;
    }
    streams.push(stream);
    const { maxBytes, most } = spec.files[name]!;
    const nth = taken.get(name)! - 1;
    const taking = spec.onFile(name, upTo(maxBytes, name, stream)).then((file) => {
      if (most === undefined) form.files.set(name, file);
      else form.fileLists.set(name, listWith(form.fileLists.get(name), nth, file));
      stream.resume();
    }, fail);
    work.push(taking);
  });
  return {
    settled: async () => {
      await Promise.all(work);
    },
    abort: (error) => {
      parser.destroy();
      for (const stream of streams) stream.destroy(error);
    },
  };
}

/** A file may have arrived before one that came earlier in the form has been stored: places stay free for those. */
function listWith<T>(list: T[] = [], nth: number, file: T): T[] {
  list[nth] = file;
  return list;
}

/** Writes the body into the parser, each chunk when the one before was taken, and waits until all parts were seen. */
async function feed(parser: BusboyInstance, body: RequestBody, first: Uint8Array, maxBytes: number): Promise<void> {
  let bytes = 0;
  for (let chunk: Uint8Array | null = first; chunk; chunk = await body.read()) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new AppError("too_large", `The request is larger than ${maxBytes} bytes.`);
    const data = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    await new Promise<void>((resolve, reject) => {
      parser.write(data, (error) => (error ? reject(unreadable(error)) : resolve()));
    });
  }
  await new Promise<void>((resolve) => {
    parser.once("finish", resolve);
    parser.end();
  });
}

async function* upTo(maxBytes: number, name: string, stream: Readable): AsyncGenerator<Uint8Array> {
  // by hand: `for await` would wait for a silent client when it is left
  const chunks = stream.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
  let bytes = 0;
  for (;;) {
    const { done, value } = await nextOf(chunks);
    if (done) return;
    bytes += value.byteLength;
    if (bytes > maxBytes) throw new FileTooLarge(name, maxBytes, await wholeSize(stream, chunks, bytes));
    yield value;
  }
}

async function wholeSize(stream: Readable, chunks: AsyncIterator<Uint8Array>, soFar: number): Promise<number | null> {
  const timer = setTimeout(() => stream.destroy(new Error("the end is too far away")), LOOK_AHEAD_MS);
  let bytes = soFar;
  try {
    while (bytes < soFar + LOOK_AHEAD_BYTES) {
      const next = await chunks.next();
      if (next.done) return bytes;
      bytes += next.value.byteLength;
    }
    return null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

async function nextOf(chunks: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  try {
    return await chunks.next();
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError("malformed", "The parts of the request could not be told apart, or it is cut off.", {
    cause: error,
  });
}
