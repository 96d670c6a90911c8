/*
 * Sampling of one 8-bit plane, four pixels at a time: bicubic, by a table of 256 phases x 4 weights (i16, sum 16384) at address 0,
 * and bilinear. Places are in samples with 8 bits of fraction where nothing else is said.
 */
#include <wasm_simd128.h>

typedef unsigned char u8;
typedef signed short i16;
typedef int i32;

#define EXPORT(name) __attribute__((export_name(name)))
#define INLINE static inline __attribute__((always_inline))

/* Four pixels share the weight of their rows where those differ by no more than this, 1/256 of a sample: half of it is 1/32 pixel. */
#define SHARED 32

INLINE i32 least(i32 a, i32 b) { return a < b ? a : b; }
INLINE i32 largest(i32 a, i32 b) { return a > b ? a : b; }

INLINE const i16 *weights(i32 phase) { return (const i16 *)(8 * (phase & 255)); }

INLINE i32 clamp(i32 value, i32 most) { return value < 0 ? 0 : value > most ? most : value; }

INLINE v128_t clamp4(v128_t value, i32 most) {
  return wasm_i32x4_max(wasm_i32x4_min(value, wasm_i32x4_splat(most)), wasm_i32x4_splat(0));
}

INLINE v128_t interleaved(v128_t a, v128_t b) {
  return wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

INLINE v128_t interleavedHigh(v128_t a, v128_t b) {
  return wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

/* Two pairs of rows, i16, weighed: 4 x i32, value x 64. */
INLINE v128_t weighed(v128_t upper, v128_t lower, v128_t w01, v128_t w23) {
  return wasm_i32x4_shr(wasm_i32x4_add(wasm_i32x4_dot_i16x8(upper, w01), wasm_i32x4_dot_i16x8(lower, w23)), 8);
}

/* The four columns around one place; `a`: the first of its sixteen samples. */
INLINE v128_t columns(const u8 *a, i32 stride, const i16 *w) {
  v128_t upper = interleaved(wasm_v128_load32_zero(a), wasm_v128_load32_zero(a + stride));
  v128_t lower = interleaved(wasm_v128_load32_zero(a + 2 * stride), wasm_v128_load32_zero(a + 3 * stride));
  return weighed(wasm_u16x8_extend_low_u8x16(upper), wasm_u16x8_extend_low_u8x16(lower), wasm_v128_load32_splat(w),
                 wasm_v128_load32_splat(w + 2));
}

/* Four bytes from the columns of four pixels, two pixels a vector, and the columns' weights. */
INLINE i32 across(v128_t left, v128_t right, v128_t leftWeights, v128_t rightWeights) {
  left = wasm_i32x4_dot_i16x8(left, leftWeights);
  right = wasm_i32x4_dot_i16x8(right, rightWeights);
  v128_t sum = wasm_i32x4_add(wasm_i32x4_shuffle(left, right, 0, 2, 4, 6), wasm_i32x4_shuffle(left, right, 1, 3, 5, 7));
  /* half of 2^20 for rounding, and 8192 for what the shift in `weighed` cut off on average */
  sum = wasm_i32x4_shr(wasm_i32x4_add(sum, wasm_i32x4_splat(532480)), 20);
  sum = wasm_i16x8_narrow_i32x4(sum, sum);
  return wasm_i32x4_extract_lane(wasm_u8x16_narrow_i16x8(sum, sum), 0);
}

INLINE v128_t weightPair(i32 phase, i32 next) {
  return wasm_v128_load64_lane(weights(next), wasm_v128_load64_zero(weights(phase)), 1);
}

/* Weights of the columns of four places. */
typedef struct {
  v128_t left, right;
} Across;

INLINE Across acrossAt(v128_t x) {
  return (Across){weightPair(wasm_i32x4_extract_lane(x, 0), wasm_i32x4_extract_lane(x, 1)),
                  weightPair(wasm_i32x4_extract_lane(x, 2), wasm_i32x4_extract_lane(x, 3))};
}

/* Four pixels at any places. */
INLINE i32 sampled(const u8 *src, i32 stride, v128_t x, v128_t y) {
  v128_t at = wasm_i32x4_add(wasm_i32x4_mul(wasm_i32x4_shr(y, 8), wasm_i32x4_splat(stride)), wasm_i32x4_shr(x, 8));
  const u8 *from = src - stride - 1;
#define COLUMNS(k) columns(from + wasm_i32x4_extract_lane(at, k), stride, weights(wasm_i32x4_extract_lane(y, k)))
  v128_t left = wasm_i16x8_narrow_i32x4(COLUMNS(0), COLUMNS(1));
  v128_t right = wasm_i16x8_narrow_i32x4(COLUMNS(2), COLUMNS(3));
#undef COLUMNS
  Across w = acrossAt(x);
  return across(left, right, w.left, w.right);
}

/* Four pixels whose rows are the same: twelve columns from the first pixel's on have all that they need. */
typedef struct {
  i32 at;
  v128_t w01, w23;
  v128_t offset; /* 4 x i32: columns from the first pixel's */
  i32 even;      /* the pixels are two samples apart */
  Across across;
} Shared;

INLINE v128_t picked(v128_t first, v128_t third, v128_t bytes) {
  return wasm_v128_or(wasm_i8x16_swizzle(first, bytes), wasm_i8x16_swizzle(third, wasm_i8x16_sub(bytes, wasm_i8x16_splat(16))));
}

INLINE i32 sampledShared(const u8 *src, i32 stride, const Shared *shared) {
  const u8 *a = src + shared->at;
  v128_t r0 = wasm_v128_load(a), r1 = wasm_v128_load(a + stride);
  v128_t r2 = wasm_v128_load(a + 2 * stride), r3 = wasm_v128_load(a + 3 * stride);
  v128_t upper = interleaved(r0, r1), lower = interleaved(r2, r3);
  v128_t w01 = shared->w01, w23 = shared->w23;
  v128_t first = weighed(wasm_u16x8_extend_low_u8x16(upper), wasm_u16x8_extend_low_u8x16(lower), w01, w23);
  v128_t second = weighed(wasm_u16x8_extend_high_u8x16(upper), wasm_u16x8_extend_high_u8x16(lower), w01, w23);
  v128_t third = weighed(wasm_u16x8_extend_low_u8x16(interleavedHigh(r0, r1)),
                         wasm_u16x8_extend_low_u8x16(interleavedHigh(r2, r3)), w01, w23);
  first = wasm_i16x8_narrow_i32x4(first, second);
  third = wasm_i16x8_narrow_i32x4(third, third);
  if (shared->even) {
    return across(wasm_i32x4_shuffle(first, first, 0, 1, 1, 2), wasm_i32x4_shuffle(first, third, 2, 3, 3, 4),
                  shared->across.left, shared->across.right);
  }
  v128_t bytes = wasm_i32x4_shl(shared->offset, 1);
  v128_t steps = wasm_i8x16_const(0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
  v128_t left = wasm_i8x16_shuffle(bytes, bytes, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4);
  v128_t right = wasm_i8x16_shuffle(bytes, bytes, 8, 8, 8, 8, 8, 8, 8, 8, 12, 12, 12, 12, 12, 12, 12, 12);
  return across(picked(first, third, wasm_i8x16_add(left, steps)), picked(first, third, wasm_i8x16_add(right, steps)),
                shared->across.left, shared->across.right);
}

/* Whether four places along a line, of which these are the first and the last, can share their rows. */
INLINE i32 shares(i32 x0, i32 x3, i32 y0, i32 y3) {
  i32 wide = (x3 >> 8) - (x0 >> 8);
  i32 apart = y3 - y0;
  return (y0 >> 8) == (y3 >> 8) && (unsigned)wide <= 8 && (unsigned)(apart + SHARED) <= 2 * SHARED;
}

INLINE Shared sharedAt(v128_t x, i32 x0, i32 y0, i32 y3, i32 stride) {
  Shared shared;
  const i16 *w = weights((y0 + y3) >> 1);
  shared.at = ((y0 >> 8) - 1) * stride + (x0 >> 8) - 1;
  shared.w01 = wasm_v128_load32_splat(w);
  shared.w23 = wasm_v128_load32_splat(w + 2);
  shared.offset = wasm_i32x4_sub(wasm_i32x4_shr(x, 8), wasm_i32x4_splat(x0 >> 8));
  shared.even = wasm_i32x4_all_true(wasm_i32x4_eq(shared.offset, wasm_i32x4_const(0, 2, 4, 6)));
  shared.across = acrossAt(x);
  return shared;
}

INLINE v128_t floats(v128_t bytes) { return wasm_f32x4_convert_i32x4(bytes); }

INLINE v128_t mix(v128_t a, v128_t b, v128_t share) {
  return wasm_f32x4_add(a, wasm_f32x4_mul(wasm_f32x4_sub(b, a), share));
}

/* How far four places are beyond the first of two samples, 0 to 1. */
INLINE v128_t beyond(v128_t place, v128_t sample, i32 bits) {
  v128_t off = clamp4(wasm_i32x4_sub(place, wasm_i32x4_shl(sample, bits)), 1 << bits);
  return wasm_f32x4_mul(floats(off), wasm_f32x4_splat(1.0f / (float)(1 << bits)));
}

/* Between four values each, of rows of `columns` values; places in values with `bits` of fraction. 4 x f32. */
INLINE v128_t bilinear(const u8 *values, i32 columns, i32 rows, v128_t x, v128_t y, i32 bits) {
  v128_t column = clamp4(wasm_i32x4_shr(x, bits), columns - 2), row = clamp4(wasm_i32x4_shr(y, bits), rows - 2);
  v128_t at = wasm_i32x4_add(wasm_i32x4_mul(row, wasm_i32x4_splat(columns)), column);
  const u8 *a = values + wasm_i32x4_extract_lane(at, 0), *b = values + wasm_i32x4_extract_lane(at, 1);
  const u8 *c = values + wasm_i32x4_extract_lane(at, 2), *d = values + wasm_i32x4_extract_lane(at, 3);
  v128_t four = wasm_i32x4_splat(0);
  four = wasm_v128_load16_lane(a, four, 0);
  four = wasm_v128_load16_lane(b, four, 2);
  four = wasm_v128_load16_lane(c, four, 4);
  four = wasm_v128_load16_lane(d, four, 6);
  four = wasm_v128_load16_lane(a + columns, four, 1);
  four = wasm_v128_load16_lane(b + columns, four, 3);
  four = wasm_v128_load16_lane(c + columns, four, 5);
  four = wasm_v128_load16_lane(d + columns, four, 7);
  v128_t one = wasm_i32x4_splat(255), fx = beyond(x, column, bits);
  v128_t top = mix(floats(wasm_v128_and(four, one)), floats(wasm_v128_and(wasm_u32x4_shr(four, 8), one)), fx);
  v128_t bottom = mix(floats(wasm_v128_and(wasm_u32x4_shr(four, 16), one)), floats(wasm_u32x4_shr(four, 24)), fx);
  return mix(top, bottom, beyond(y, row, bits));
}

/* Four bytes as 4 x i32, and back. */
INLINE v128_t wide(i32 four) {
  return wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_i32x4_make(four, 0, 0, 0)));
}

INLINE i32 narrow(v128_t values) {
  v128_t halves = wasm_i16x8_narrow_i32x4(values, values);
  return wasm_i32x4_extract_lane(wasm_u8x16_narrow_i16x8(halves, halves), 0);
}

INLINE void store4(u8 *to, i32 four) { *(i32 *)to = four; }
INLINE i32 load4(const u8 *from) { return *(const i32 *)from; }
