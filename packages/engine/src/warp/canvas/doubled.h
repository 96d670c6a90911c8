/* A plane with a sample between any two of its own, as doubled.ts makes it, bit by bit, with the border that sampling needs. */

#define TAPS 6
/* Samples around a plane; BORDER of kernel.ts. */
#define BORDER 4

/* Eight samples between those of eight pairs; `k` steps of `step` from the first of a pair lies the one that is weighed with it. */
INLINE v128_t between8(const u8 *first, i32 step, const i16 *weights) {
  v128_t low = wasm_i32x4_splat(1 << 13), high = low;
  for (i32 k = 0; k < TAPS; k++) {
    v128_t sum = wasm_i16x8_add(wasm_u16x8_load8x8(first - k * step), wasm_u16x8_load8x8(first + (k + 1) * step));
    v128_t weight = wasm_v128_load16_splat(weights + k);
    low = wasm_i32x4_add(low, wasm_i32x4_extmul_low_i16x8(sum, weight));
    high = wasm_i32x4_add(high, wasm_i32x4_extmul_high_i16x8(sum, weight));
  }
  v128_t values = wasm_i16x8_narrow_i32x4(wasm_i32x4_shr(low, 14), wasm_i32x4_shr(high, 14));
  return wasm_u8x16_narrow_i16x8(values, values);
}

/* Near the upper and the lower edge, where rows are asked for that there are not: the edge goes on. */
INLINE i32 betweenOne(const u8 *first, i32 step, const i16 *weights, i32 before, i32 after) {
  i32 sum = 1 << 13;
  for (i32 k = 0; k < TAPS; k++) {
    i32 up = k > before ? before : k, down = k + 1 > after ? after : k + 1;
    sum += (first[-up * step] + first[down * step]) * weights[k];
  }
  return clamp(sum >> 14, 255);
}

/*
 * `from`: rows of `fromStride`; `to`: the first sample inside the border. `line`: room for a row and 2 * TAPS + 16 more.
 * `weights`: those of distances 1/2, 3/2 ..., of 2^14.
 */
EXPORT("enlarge") void enlarge(const u8 *from, i32 fromStride, i32 width, i32 height, u8 *to, i32 stride, u8 *line, const i16 *weights) {
  for (i32 row = 0; row < height; row++, from += fromStride) {
    u8 *start = line + TAPS, *out = to + 2 * row * stride;
    for (i32 x = 0; x < width; x++) start[x] = from[x];
    for (i32 k = 0; k < TAPS; k++) {
      line[k] = from[0];
      start[width + k] = from[width - 1];
    }
    /* what is written beyond the end of a row is written over below */
    for (i32 x = 0; x < width; x += 8) {
      wasm_v128_store(out + 2 * x, interleaved(wasm_v128_load64_zero(start + x), between8(start + x, 1, weights)));
    }
    out[2 * width - 1] = from[width - 1];
  }
  i32 step = 2 * stride;
  for (i32 row = 0; row < height; row++) {
    const u8 *own = to + row * step;
    u8 *out = to + row * step + stride;
    if (row >= TAPS - 1 && row + TAPS < height) {
      for (i32 x = 0; x < 2 * width; x += 8) wasm_v128_store64_lane(out + x, between8(own + x, step, weights), 0);
    } else {
      i32 after = height - 1 - row;
      for (i32 x = 0; x < 2 * width; x++) out[x] = after ? (u8)betweenOne(own + x, step, weights, row, after) : own[x];
    }
  }
  for (i32 row = 0; row < 2 * height; row++) {
    u8 *start = to + row * stride;
    for (i32 k = 1; k <= BORDER; k++) {
      start[-k] = start[0];
      start[2 * width - 1 + k] = start[2 * width - 1];
    }
  }
  u8 *top = to - BORDER, *bottom = top + (2 * height - 1) * stride;
  for (i32 k = 1; k <= BORDER; k++) {
    for (i32 x = 0; x < stride; x++) {
      top[x - k * stride] = top[x];
      bottom[x + k * stride] = bottom[x];
    }
  }
}
