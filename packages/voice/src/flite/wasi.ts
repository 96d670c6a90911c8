/**
 * As much of WASI preview 1 as a command-line program needs: arguments, files that lie in memory, and its two outputs. Node's own
 * (`node:wasi`) is an experiment that says so on stderr, and opens real folders.
 */

/** As much of it as is used: Node has it, but its types are those of browsers. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<WasiModule>;
  Instance: new (module: WasiModule, imports: Record<string, object>) => { exports: Record<string, unknown> };
};
type WasmMemory = { readonly buffer: ArrayBuffer };

export type WasiModule = { readonly compiled?: never };
export type WasiRun = { code: number; stdout: string; stderr: string; files: Map<string, Uint8Array> };

const ESUCCESS = 0;
const EBADF = 8;
const ENOENT = 44;
const EINVAL = 28;
const FIRST_FILE = 4;
const ROOT = 3;
const OPEN_CREATE = 1;
const OPEN_TRUNCATE = 8;
const CHARACTER_DEVICE = 2;
const DIRECTORY = 3;
const REGULAR_FILE = 4;

class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/** A file that grows by doubling. */
class MemoryFile {
  bytes: Uint8Array;
  size: number;
  constructor(content: Uint8Array = new Uint8Array(0)) {
    this.bytes = content.slice();
    this.size = content.length;
  }
  write(at: number, chunk: Uint8Array): void {
    const end = at + chunk.length;
    if (end > this.bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.bytes.length * 2, 4096));
      larger.set(this.bytes.subarray(0, this.size));
      this.bytes = larger;
    }
    this.bytes.set(chunk, at);
    this.size = Math.max(this.size, end);
  }
  content(): Uint8Array {
    return this.bytes.subarray(0, this.size);
  }
}

type Open = { file: MemoryFile; at: number };
type Memory = { view: DataView; bytes: Uint8Array };

export function compileWasi(bytes: Uint8Array): Promise<WasiModule> {
  return WebAssembly.compile(bytes);
}

/** Runs a program to its end. `files`: by absolute path; those that it writes are in the result. */
export function runWasi(module: WasiModule, args: string[], files: Record<string, Uint8Array> = {}): WasiRun {
  const disk = new Map(Object.entries(files).map(([path, content]) => [path, new MemoryFile(content)]));
  const outputs = [new MemoryFile(), new MemoryFile()] as const;
  let memory: WasmMemory | undefined;
  const at = (): Memory => ({ view: new DataView(memory!.buffer), bytes: new Uint8Array(memory!.buffer) });
  const imports = { ...argumentCalls(args, at), ...fileCalls(disk, outputs, at) };
  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: imports });
  memory = instance.exports.memory as WasmMemory;
  let code = 0;
  try {
    (instance.exports._start as () => void)();
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    code = error.code;
  }
  const [stdout, stderr] = outputs.map((file) => new TextDecoder().decode(file.content())) as [string, string];
  return { code, stdout, stderr, files: new Map([...disk].map(([path, file]) => [path, file.content()])) };
}

function argumentCalls(args: string[], at: () => Memory) {
  const texts = args.map((arg) => new TextEncoder().encode(`${arg}\0`));
  return {
    args_sizes_get(count: number, size: number): number {
      const { view } = at();
      view.setUint32(count, texts.length, true);
      view.setUint32(
        size,
        texts.reduce((sum, text) => sum + text.length, 0),
        true,
      );
      return ESUCCESS;
    },
    args_get(pointers: number, buffer: number): number {
      const { view, bytes } = at();
      let next = buffer;
      for (const [nth, text] of texts.entries()) {
        view.setUint32(pointers + nth * 4, next, true);
        bytes.set(text, next);
        next += text.length;
      }
      return ESUCCESS;
    },
    /** Always the same: what is said may not depend on the time. */
    clock_time_get(_clock: number, _precision: bigint, result: number): number {
      at().view.setBigUint64(result, 0n, true);
      return ESUCCESS;
    },
    proc_exit(code: number): never {
      throw new Exit(code);
    },
  };
}

function fileCalls(disk: Map<string, MemoryFile>, outputs: readonly [MemoryFile, MemoryFile], at: () => Memory) {
  const open = new Map<number, Open>([
    [1, { file: outputs[0], at: 0 }],
    [2, { file: outputs[1], at: 0 }],
  ]);
  let next = FIRST_FILE;
  /** Calls `each` with the pieces of memory of a list, and adds up what it answers. */
  const overPieces = (list: number, count: number, total: number, each: (piece: Uint8Array) => number): number => {
    const { view, bytes } = at();
    let sum = 0;
    for (let nth = 0; nth < count; nth++) {
      const start = view.getUint32(list + nth * 8, true);
      sum += each(bytes.subarray(start, start + view.getUint32(list + nth * 8 + 4, true)));
    }
    view.setUint32(total, sum, true);
    return ESUCCESS;
  };
  return {
    fd_close: (fd: number): number => (open.delete(fd) ? ESUCCESS : EBADF),
    fd_fdstat_set_flags: (): number => ESUCCESS,
    fd_fdstat_get(fd: number, result: number): number {
      if (fd > 2 && fd !== ROOT && !open.has(fd)) return EBADF;
      const { view, bytes } = at();
      bytes.fill(0, result, result + 24);
      view.setUint8(result, fd <= 2 ? CHARACTER_DEVICE : fd === ROOT ? DIRECTORY : REGULAR_FILE);
      view.setBigUint64(result + 8, ~0n, true);
      view.setBigUint64(result + 16, ~0n, true);
      return ESUCCESS;
    },
    fd_prestat_get(fd: number, result: number): number {
      if (fd !== ROOT) return EBADF;
      const { view } = at();
      view.setUint32(result, 0, true);
      view.setUint32(result + 4, 1, true);
      return ESUCCESS;
    },
    fd_prestat_dir_name(fd: number, path: number): number {
      if (fd !== ROOT) return EBADF;
      at().bytes[path] = 47;
      return ESUCCESS;
    },
    path_open(
      ...[_dir, _flags, path, length, how, , , , result]: [
        ...[number, number, number, number, number, bigint, bigint, number],
        number,
      ]
    ): number {
      const { view, bytes } = at();
      const name = `/${new TextDecoder().decode(bytes.subarray(path, path + length)).replace(/^\/+/, "")}`;
      if (!disk.has(name) && !(how & OPEN_CREATE)) return ENOENT;
      if (!disk.has(name) || how & OPEN_TRUNCATE) disk.set(name, new MemoryFile());
      open.set(next, { file: disk.get(name)!, at: 0 });
      view.setUint32(result, next++, true);
      return ESUCCESS;
    },
    fd_read(fd: number, list: number, count: number, total: number): number {
      const file = open.get(fd);
      if (file === undefined) return fd === 0 ? overPieces(list, 0, total, () => 0) : EBADF;
      return overPieces(list, count, total, (piece) => {
        const part = file.file.content().subarray(file.at, file.at + piece.length);
        piece.set(part);
        file.at += part.length;
        return part.length;
      });
    },
    fd_write(fd: number, list: number, count: number, total: number): number {
      const file = open.get(fd);
      if (file === undefined) return EBADF;
      return overPieces(list, count, total, (piece) => {
        file.file.write(file.at, piece);
        file.at += piece.length;
        return piece.length;
      });
    },
    fd_seek(fd: number, offset: bigint, whence: number, result: number): number {
      const file = open.get(fd);
      if (file === undefined || fd <= 2) return EBADF;
      const from = [0, file.at, file.file.size][whence];
      if (from === undefined || from + Number(offset) < 0) return EINVAL;
      file.at = from + Number(offset);
      at().view.setBigUint64(result, BigInt(file.at), true);
      return ESUCCESS;
    },
  };
}
