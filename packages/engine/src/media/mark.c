/*
 * Measures how much of the invisible mark a picture hides, draws the mark, and adds it to frames. Built into mark.wasm by
 * scripts/build-kernel.ts; memory is laid out by mark-kernel.ts. Sums are in the order and the precision of its plain twin in
 * test/support/plain-mark.ts, so that both give the same bytes.
 */
#include <wasm_simd128.h>

typedef unsigned char u8;
typedef signed char i8;
typedef unsigned short u16;
typedef int i32;

#define EXPORT(name) __attribute__((export_name(name)))

/* Adds a row to the row of the grid that it belongs to. `share`: what part of a sample of the grid a row is. */
EXPORT("shrink") void shrink(const u8 *restrict samples, i32 width, i32 step, double share, float *restrict out) {
  if (step == 1) {
    for (i32 x = 0; x < width; x++) out[x] = samples[x];
    return;
  }
  i32 in = 0;
  for (i32 x = 0; x < width; x++) {
    *out = (float)(*out + share * samples[x]);
    if (++in == step) in = 0, out++;
  }
}

/* Of squares of 2 * half + 1 samples, cut at the edges. `across`: room for the grid; `sums`: for a row. */
static void boxMean(const float *data, i32 width, i32 height, i32 half, float *across, double *restrict sums, float *out) {
  for (i32 y = 0; y < height; y++) {
    const float *row = data + y * width;
    float *to = across + y * width;
    double sum = 0;
    for (i32 x = 0; x < half && x < width; x++) sum += row[x];
    for (i32 x = 0; x < width; x++) {
      if (x > half && x + half < width) { /* all of it lies inside */
        sum = sum + row[x + half] - row[x - half - 1];
        to[x] = (float)(sum / (2 * half + 1));
        continue;
      }
      if (x + half < width) sum += row[x + half];
      if (x - half > 0) sum -= row[x - half - 1];
      i32 last = x + half < width - 1 ? x + half : width - 1, first = x - half > 0 ? x - half : 0;
      to[x] = (float)(sum / (last - first + 1));
    }
  }
  /* the first row, not 0: that would become a call of memset, which there is not */
  for (i32 x = 0; x < width; x++) sums[x] = across[x];
  for (i32 y = 1; y < half && y < height; y++) {
    for (i32 x = 0; x < width; x++) sums[x] += across[y * width + x];
  }
  for (i32 y = 0; y < height; y++) {
    const float *restrict next = across + (y + half) * width, *restrict past = across + (y - half - 1) * width;
    if (y + half < height) for (i32 x = 0; x < width; x++) sums[x] += next[x];
    if (y - half > 0) for (i32 x = 0; x < width; x++) sums[x] -= past[x];
    i32 last = y + half < height - 1 ? y + half : height - 1, first = y - half > 0 ? y - half : 0;
    double count = last - first + 1;
    float *restrict to = out + y * width;
    for (i32 x = 0; x < width; x++) to[x] = (float)(sums[x] / count);
  }
}

typedef struct {
  double plain, varied, most;       /* standard deviation of the mark, levels */
  double dark, bright, ramp, left;  /* as in mark-plane.ts */
} Strength;

static double shade(double luma, const Strength *s) {
  double low = luma - (s->dark - s->ramp), high = s->bright + s->ramp - luma;
  double from = (low < high ? low : high) / s->ramp;
  return s->left + (1 - s->left) * (from < 0 ? 0 : from > 1 ? 1 : from);
}

/* From the grid of luma, which is lost, to how strong the mark may be. `mean` and `across`: room for the grid. */
EXPORT("measure")
void measure(float *grid, i32 width, i32 height, i32 near, float *mean, float *across, double *sums, const Strength *s) {
  boxMean(grid, width, height, near, across, sums, mean);
  i32 count = width * height;
  for (i32 i = 0; i < count; i++) grid[i] = (float)__builtin_fabs((double)grid[i] - mean[i]);
  boxMean(grid, width, height, near, across, sums, grid);
  for (i32 i = 0; i < count; i++) {
    double strong = s->plain + s->varied * grid[i];
    grid[i] = (float)((strong < s->most ? strong : s->most) * shade(mean[i], s));
  }
}

/* The samples of the tile on both sides of each pixel of a row, how far it lies from the first, and its sample of the grid. */
typedef struct {
  const u8 *cell, *next;
  const float *part;
  const u16 *column;
  i32 width;
} Across;

/*
 * A row of what is added. `upper` and `lower`: rows of the tile, `fall`: how far the pixels lie from the first; `room`: a row of the
 * grid. What rounding takes away is given to the samples to the right and below (Floyd and Steinberg): `own` is what the row was given,
 * and `below` what it gives; both begin one sample before the row.
 */
EXPORT("line")
void line(const Across *restrict across, const i8 *restrict upper, const i8 *restrict lower, double fall, double factor,
          const float *restrict room, const float *restrict own, float *restrict below, i8 *restrict out) {
  const i32 width = across->width;
  float given = own[1], before = 0, under = 0;
  for (i32 x = 0; x < width; x++) {
    i32 left = across->cell[x], right = across->next[x];
    double part = across->part[x];
    double top = upper[left] + (upper[right] - upper[left]) * part;
    double bottom = lower[left] + (lower[right] - lower[left]) * part;
    float value = (float)(top + (bottom - top) * fall);
    value = (float)(value * (factor * room[across->column[x]]));
    double wanted = (double)value + given, whole = __builtin_floor(wanted);
    whole += wanted - whole >= 0.5;
    out[x] = (i8)whole;
    double rest = (wanted - whole) / 16;
    given = (float)(own[x + 2] + rest * 7);
    below[x] = (float)(before + rest * 3);
    before = (float)(under + rest * 5);
    under = (float)rest;
  }
  below[width] = before;
  below[width + 1] = under;
}

/* In place, limited range; what lies outside of it stays as it is. Both planes have 16 samples of room at their end. */
EXPORT("add") void add(u8 *luma, const i8 *plane, i32 count) {
  const v128_t least = wasm_i16x8_splat(16), most = wasm_i16x8_splat(235);
  for (i32 i = 0; i < count; i += 8) {
    v128_t value = wasm_u16x8_load8x8(luma + i);
    v128_t marked = wasm_i16x8_add(value, wasm_i16x8_load8x8(plane + i));
    marked = wasm_i16x8_min(wasm_i16x8_max(marked, least), most);
    v128_t outside = wasm_v128_or(wasm_i16x8_lt(value, least), wasm_i16x8_gt(value, most));
    marked = wasm_v128_bitselect(value, marked, outside);
    if (i + 8 <= count) {
      wasm_v128_store64_lane(luma + i, wasm_u8x16_narrow_i16x8(marked, marked), 0);
    } else {
      v128_t last = wasm_u8x16_narrow_i16x8(marked, marked);
      unsigned long long eight = (unsigned long long)wasm_i64x2_extract_lane(last, 0);
      for (i32 k = 0; i + k < count; k++) luma[i + k] = (u8)(eight >> (8 * k));
    }
  }
}

static i32 apart(u8 a, u8 b) { return a > b ? a - b : b - a; }

/* Side of a block, and the rows and columns between the samples of it that are compared. */
#define SIDE 16
#define ROWS 4
#define COLUMNS 2

/* Sum over every second sample of a row of a whole block. */
static v128_t rowApart(const u8 *a, const u8 *b) {
  v128_t one = wasm_v128_load(a), other = wasm_v128_load(b);
  v128_t apart16 = wasm_i8x16_sub(wasm_u8x16_max(one, other), wasm_u8x16_min(one, other));
  return wasm_v128_and(apart16, wasm_i16x8_splat(255));
}

static i32 blockApart(const u8 *a, const u8 *b, i32 width, i32 rows) {
  v128_t sums = wasm_i16x8_splat(0);
  for (i32 y = 0; y < rows; y += ROWS) sums = wasm_i16x8_add(sums, rowApart(a + y * width, b + y * width));
  sums = wasm_u32x4_extadd_pairwise_u16x8(sums);
  return wasm_i32x4_extract_lane(sums, 0) + wasm_i32x4_extract_lane(sums, 1) + wasm_i32x4_extract_lane(sums, 2) +
         wasm_i32x4_extract_lane(sums, 3);
}

/* For each block, whether the samples that are compared differ by more than `least` on average. */
EXPORT("moving") void moving(const u8 *a, const u8 *b, i32 width, i32 height, double least, u8 *out) {
  for (i32 top = 0; top < height; top += SIDE) {
    i32 rows = height - top < SIDE ? height - top : SIDE;
    for (i32 left = 0; left < width; left += SIDE) {
      i32 start = top * width + left, columns = width - left < SIDE ? width - left : SIDE, sum = 0;
      i32 count = (rows + ROWS - 1) / ROWS * ((columns + COLUMNS - 1) / COLUMNS);
      if (columns == SIDE) sum = blockApart(a + start, b + start, width, rows);
      else {
        for (i32 y = 0; y < rows; y += ROWS) {
          for (i32 x = 0; x < columns; x += COLUMNS) sum += apart(a[start + y * width + x], b[start + y * width + x]);
        }
      }
      *out++ = (double)sum / count > least;
    }
  }
}

/* How many of every `step`th row and column differ by more than `levels`. */
EXPORT("differ") i32 differ(const u8 *a, const u8 *b, i32 width, i32 height, i32 step, i32 levels) {
  i32 other = 0;
  for (i32 y = 0; y < height; y += step) {
    for (i32 at = y * width; at < (y + 1) * width; at += step) other += apart(a[at], b[at]) > levels;
  }
  return other;
}
