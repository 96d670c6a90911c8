/** A limit for the memory of a WebAssembly program that has none: its own section is rewritten (WebAssembly core 2.0, 5.5.8). */

const MEMORY_SECTION = 5;
const HEADER_BYTES = 8;
const PAGE_BYTES = 65_536;

/** The program with a memory of at most this size; beyond it the program stops with an error. Throws for one that it does not understand. */
export function limitMemory(wasm: Uint8Array, maxBytes: number): Uint8Array<ArrayBuffer> {
  for (let at = HEADER_BYTES; at < wasm.length; ) {
    const { value: size, end: start } = readNumber(wasm, at + 1);
    if (wasm[at] === MEMORY_SECTION) {
      const [count, flags] = [wasm[start], wasm[start + 1]];
      if (count !== 1 || flags !== 0) throw new Error("The program's memory is not as it was: one, without a limit.");
      const { value: min } = readNumber(wasm, start + 2);
      const body = [1, 1, ...numberOf(min), ...numberOf(Math.max(min, Math.floor(maxBytes / PAGE_BYTES)))];
      const section = Uint8Array.of(MEMORY_SECTION, ...numberOf(body.length), ...body);
      return Uint8Array.from(Buffer.concat([wasm.subarray(0, at), section, wasm.subarray(start + size)]));
    }
    at = start + size;
  }
  throw new Error("The program has no memory.");
}

/** LEB128, unsigned. */
function readNumber(bytes: Uint8Array, at: number): { value: number; end: number } {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: at };
  }
}

function numberOf(value: number): number[] {
  const low = value % 128;
  return value < 128 ? [low] : [low | 0x80, ...numberOf(Math.floor(value / 128))];
}
