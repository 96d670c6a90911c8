/** Samples pictures in colour with the SIMD kernel, at any places: three planes at full resolution, put in anew as often as wanted. */
import { doubled } from "./doubled.ts";
import { BORDER, startKernel, WEIGHTS } from "./kernel.ts";

/** 8 bits, RGB interleaved. */
type Rgb = { width: number; height: number; data: Uint8Array };

export type Sampler = {
  /** Takes a picture in place of the one before. The arrays below are new ones then. */
  put(picture: Rgb): void;
  /** Makes room for so many places. The arrays below are new ones then. */
  room(places: number): void;
  /** Where to sample, in pixels of the picture × `unit`, whose centres lie at whole numbers. Outside, the edge goes on. */
  mapX: Int32Array;
  mapY: Int32Array;
  /** What is there: red, green and blue at the same index. */
  planes: [Uint8Array, Uint8Array, Uint8Array];
  /** Fractions of a pixel that the maps count in. */
  unit: number;
  /** Samples `count` places from index `from` on, rounded outwards to multiples of 4. */
  sample(from: number, count: number): void;
};

/**
 * `fine`: the picture is doubled first (`doubled.ts`), which keeps more of it where it is sampled between its pixels, and takes some
 * 100 ns a pixel at each `put`.
 */
export function createSampler({ fine }: { fine: boolean }): Sampler {
  const times = fine ? 2 : 1;
  let { kernel, buffer } = startKernel(WEIGHTS);
  let bytes = new Uint8Array(buffer);
  let shape = { width: 1, height: 1, stride: 1, at: [0, 0, 0], end: WEIGHTS };
  let places = 0;
  let maps = { x: 0, y: 0, out: [0, 0, 0] };
  const makeRoom = (): void => {
    const count = (places + 7) & ~3;
    const x = shape.end;
    const y = x + count * 4;
    maps = { x, y, out: [0, 1, 2].map((c) => y + count * 4 + c * count) };
    const end = y + count * 7;
    if (buffer.byteLength < end) {
      const before = bytes;
      // a quarter more, so that a face that comes nearer does not ask for new memory in every frame
      ({ kernel, buffer } = startKernel(end * 1.25));
      bytes = new Uint8Array(buffer);
      bytes.set(before.subarray(WEIGHTS, Math.min(before.length, shape.end)), WEIGHTS);
    }
    sampler.mapX = new Int32Array(buffer, x, count);
    sampler.mapY = new Int32Array(buffer, y, count);
    sampler.planes = maps.out.map((from) => bytes.subarray(from, from + count)) as Sampler["planes"];
  };
  const sampler: Sampler = {
    mapX: new Int32Array(0),
    mapY: new Int32Array(0),
    planes: [bytes, bytes, bytes],
    unit: 128 * times,
    put(picture) {
      const { width, height } = picture;
      const stride = times * width + 2 * BORDER;
      const size = (stride * (times * height + 2 * BORDER) + 15) & ~15;
      const at = [0, 1, 2].map((c) => WEIGHTS + c * size + BORDER * stride + BORDER);
      shape = { width, height, stride, at, end: WEIGHTS + 3 * size };
      makeRoom();
      for (let c = 0; c < 3; c++) putChannel(bytes, at[c]!, stride, picture, c, times);
    },
    room(count) {
      places = count;
      makeRoom();
    },
    sample(from, count) {
      const first = from & ~3;
      const length = (from + count - first + 3) & ~3;
      const { width, height, stride, at } = shape;
      const most = [(width - 1) * 256 * times, (height - 1) * 256 * times] as const;
      for (let c = 0; c < 3; c++) {
        kernel.map(at[c]!, stride, ...most, maps.out[c]! + first, length, maps.x + first * 4, maps.y + first * 4);
      }
    },
  };
  return sampler;
}

/** Writes one channel of a picture with its border, which repeats the edge; `times`: 2 where it is doubled. */
function putChannel(bytes: Uint8Array, at: number, stride: number, picture: Rgb, channel: number, times: number): void {
  const [width, height] = [picture.width * times, picture.height * times];
  const plane = times === 1 ? picture.data : doubled(channelOf(picture, channel), picture.width, picture.height);
  const [step, first] = times === 1 ? [3, channel] : [1, 0];
  for (let row = 0; row < height; row++) {
    const to = at + row * stride;
    for (let x = 0, from = row * width * step + first; x < width; x++, from += step) bytes[to + x] = plane[from]!;
    bytes.fill(bytes[to]!, to - BORDER, to);
    bytes.fill(bytes[to + width - 1]!, to + width, to + width + BORDER);
  }
  const [top, bottom] = [at - BORDER, at + (height - 1) * stride - BORDER];
  for (let row = 1; row <= BORDER; row++) {
    bytes.copyWithin(top - row * stride, top, top + stride);
    bytes.copyWithin(bottom + row * stride, bottom, bottom + stride);
  }
}

function channelOf({ width, height, data }: Rgb, channel: number): Uint8Array {
  const plane = new Uint8Array(width * height);
  for (let i = 0, at = channel; i < plane.length; i++, at += 3) plane[i] = data[at]!;
  return plane;
}
