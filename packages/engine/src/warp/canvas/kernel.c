/*
 * Draws the cells of a frame, and samples planes at any places: bicubic, four pixels at a time.
 * Built into kernel.wasm by scripts/build-kernel.ts.
 *
 * Memory, laid out by kernel.ts: at 0 a table of 256 phases x 4 weights (i16, sum 16384), then planes and maps. Source planes are
 * doubled: pixel (x, y) of the picture is their sample (2x, 2y). Places are in samples of a source plane with 8 bits of fraction,
 * but for grids, which have pixels with 16. A source plane has at least two more samples on every side than the last place that
 * is asked of it, because four by four are read around each place. A place without fraction gives back exactly its sample.
 */
#include "sampling.h"
#include "doubled.h"
#include "field.h"

/* What a cell of the matte shows, bits: some of the person, some of what is behind. */
#define PERSON 1
#define BEHIND 2

typedef struct {
  const u8 *src;   /* doubled, its first sample */
  u8 *out;         /* the frame's */
  const u8 *plate; /* the picture without people, rows of `width` */
} Plane;

/* Planes of one size: that of the picture, then half of it. */
typedef struct {
  i32 width, height;
  i32 stride, outStride; /* of `src` and of `out` */
  i32 count;
  Plane planes[2];
} Layer;

typedef struct {
  i32 columns, rows; /* of cells */
  i32 bits;          /* a cell has 2^bits pixels a side */
  const i32 *grid;   /* (columns + 1) x (rows + 1) pairs (dx, dy): the place to sample less the place itself */
  const u8 *seen;    /* of each cell */
  const u8 *alpha;   /* the matte; 0: all is in front */
  i32 width, height; /* of the matte */
  Layer layers[2];
} Picture;

/*
 * What the matte shows around four places along a line: PERSON or BEHIND where it is all the same there, else both.
 * Places as in the matte, with `bits` of fraction.
 */
INLINE i32 around(const Picture *p, i32 x0, i32 x3, i32 y0, i32 y3, i32 bits) {
  i32 wide = bits == 9 ? 8 : 16;
  i32 left = clamp(x0 >> bits, p->width - 2), right = clamp(x3 >> bits, p->width - 2) + 1;
  i32 top = clamp((y0 < y3 ? y0 : y3) >> bits, p->height - 2);
  i32 bottom = clamp((y0 < y3 ? y3 : y0) >> bits, p->height - 2) + 1;
  if ((unsigned)(right - left) >= (unsigned)wide) return PERSON | BEHIND;
  i32 most = p->width - wide;
  if (left > most) left = most < 0 ? 0 : most;
  v128_t least = wasm_i8x16_splat(-1), highest = wasm_i8x16_splat(0);
  for (i32 row = top; row <= bottom; row++) {
    const u8 *at = p->alpha + row * p->width + left;
    v128_t values = wide == 8 ? wasm_v128_load64_splat(at) : wasm_v128_load(at);
    least = wasm_u8x16_min(least, values);
    highest = wasm_u8x16_max(highest, values);
  }
  if (wasm_i8x16_all_true(wasm_u8x16_ge(least, wasm_i8x16_splat((signed char)254)))) return PERSON;
  return wasm_i8x16_all_true(wasm_u8x16_le(highest, wasm_i8x16_splat(1))) ? BEHIND : PERSON | BEHIND;
}

/* Four pixels of which parts show what is behind the person: the new background in place of the old one. `a`: of the matte, 0 to 1. */
INLINE i32 composed(const Layer *layer, const u8 *plate, i32 four, i32 at, v128_t a, v128_t x, v128_t y) {
  v128_t value = wide(four), here = wide(*(const i32 *)(plate + at));
  v128_t there = bilinear(plate, layer->width, layer->height, x, y, 9);
  v128_t behind = wasm_f32x4_mul(wasm_f32x4_sub(wasm_f32x4_splat(1), a), wasm_f32x4_sub(floats(here), there));
  v128_t mixed = wasm_f32x4_add(wasm_f32x4_add(floats(value), behind), wasm_f32x4_splat(0.5f));
  mixed = wasm_i32x4_trunc_sat_f32x4(mixed);
  mixed = wasm_v128_bitselect(value, mixed, wasm_f32x4_gt(a, wasm_f32x4_splat(0.996f)));
  return narrow(wasm_v128_bitselect(here, mixed, wasm_f32x4_lt(a, wasm_f32x4_splat(0.004f))));
}

/* How far, in pixels with 16 bits of fraction, the corners of a cell lie from where they are sampled. */
typedef struct {
  i32 left, right, up, down;
} Bounds;

INLINE Bounds boundsOf(v128_t top, v128_t bottom) {
  v128_t low = wasm_i32x4_min(top, bottom), high = wasm_i32x4_max(top, bottom);
  return (Bounds){
      least(wasm_i32x4_extract_lane(low, 0), wasm_i32x4_extract_lane(low, 2)),
      largest(wasm_i32x4_extract_lane(high, 0), wasm_i32x4_extract_lane(high, 2)),
      least(wasm_i32x4_extract_lane(low, 1), wasm_i32x4_extract_lane(low, 3)),
      largest(wasm_i32x4_extract_lane(high, 1), wasm_i32x4_extract_lane(high, 3)),
  };
}

/* What of the matte a cell of the frame may show. */
INLINE i32 seenThrough(const Picture *p, i32 column, i32 row, const Bounds *bounds) {
  i32 x = column << p->bits, y = row << p->bits, side = 1 << p->bits;
  /* one pixel more on each side, for sampling between pixels */
  i32 firstColumn = clamp((x - 1 + (bounds->left >> 16)) >> p->bits, p->columns - 1);
  i32 lastColumn = clamp((x + side + 1 + (bounds->right >> 16)) >> p->bits, p->columns - 1);
  i32 firstRow = clamp((y - 1 + (bounds->up >> 16)) >> p->bits, p->rows - 1);
  i32 lastRow = clamp((y + side + 1 + (bounds->down >> 16)) >> p->bits, p->rows - 1);
  i32 seen = 0;
  for (i32 r = firstRow; r <= lastRow; r++) {
    for (i32 c = firstColumn; c <= lastColumn; c++) seen |= p->seen[r * p->columns + c];
  }
  return seen;
}

/* Whether all that a cell shows lies in the picture, so that no place has to be clamped. */
INLINE i32 liesInside(const Picture *p, i32 column, i32 row, const Bounds *bounds) {
  i32 x = column << p->bits, y = row << p->bits, last = (1 << p->bits) - 1;
  return (x << 16) + bounds->left >= 0 && (y << 16) + bounds->up >= 0 &&
         ((x + last + 2) << 16) + bounds->right <= p->width << 16 && ((y + last + 2) << 16) + bounds->down <= p->height << 16;
}

/* The part of a cell that lies in the picture shows the plate. */
INLINE void copyPlate(const Layer *layer, i32 left, i32 top, i32 side) {
  i32 bottom = least(layer->height, top + side);
  i32 right = least(layer->width, left + side);
  for (i32 k = 0; k < layer->count; k++) {
    const Plane *plane = &layer->planes[k];
    for (i32 y = top; y < bottom; y++) {
      const u8 *from = plane->plate + y * layer->width;
      u8 *to = plane->out + y * layer->outStride;
      i32 x = left;
      for (; x + 4 <= right; x += 4) store4(to + x, load4(from + x));
      for (; x < right; x++) to[x] = from[x];
    }
  }
}

/* A cell that is drawn, whether the matte has to be looked at in it, and whether it lies inside the picture. */
typedef struct {
  i32 column, row;
  v128_t top, bottom; /* (dx, dy) of the left corner, then of the right one */
  i32 mixed, inside;
} Cell;

INLINE void drawCell(const Picture *p, const Layer *layer, const Cell *cell, const i32 half) {
  const i32 bits = p->bits - half, side = 1 << bits;
  const i32 maxX = (layer->width - 1) << 9, maxY = (layer->height - 1) << 9;
  const i32 left = cell->column << bits, first = cell->row << bits;
  const u8 *src = layer->planes[0].src, *other = layer->planes[1].src;
  v128_t top = wasm_i32x4_shr(cell->top, half);
  v128_t change = wasm_i32x4_shr(wasm_i32x4_sub(wasm_i32x4_shr(cell->bottom, half), top), bits);
  for (i32 j = 0; j < side; j++, top = wasm_i32x4_add(top, change)) {
    /* 64 = half of 2^7: places are rounded to 8 bits of fraction of the doubled plane */
    i32 startX = wasm_i32x4_extract_lane(top, 0) + 64 + (left << 16);
    i32 startY = wasm_i32x4_extract_lane(top, 1) + 64 + ((first + j) << 16);
    i32 stepX = ((wasm_i32x4_extract_lane(top, 2) - wasm_i32x4_extract_lane(top, 0)) >> bits) + 65536;
    i32 stepY = (wasm_i32x4_extract_lane(top, 3) - wasm_i32x4_extract_lane(top, 1)) >> bits;
    v128_t lanes = wasm_i32x4_const(0, 1, 2, 3);
    v128_t offsetX = wasm_i32x4_mul(lanes, wasm_i32x4_splat(stepX)), offsetY = wasm_i32x4_mul(lanes, wasm_i32x4_splat(stepY));
    i32 to = (first + j) * layer->outStride + left, at = (first + j) * layer->width + left;
    for (i32 i = 0; i < side; i += 4, startX += 4 * stepX, startY += 4 * stepY) {
      i32 x0 = startX >> 7, x3 = (startX + 3 * stepX) >> 7, y0 = startY >> 7, y3 = (startY + 3 * stepY) >> 7;
      i32 seen = PERSON;
      if (cell->mixed) {
        /* a sample of chroma lies between two rows of the matte */
        seen = around(p, x0, x3, y0 + (half << 7), y3 + (half << 7), 9 - half);
        if (seen == BEHIND) {
          store4(layer->planes[0].out + to + i, load4(layer->planes[0].plate + at + i));
          if (half) store4(layer->planes[1].out + to + i, load4(layer->planes[1].plate + at + i));
          continue;
        }
      }
      v128_t x = wasm_i32x4_shr(wasm_i32x4_add(wasm_i32x4_splat(startX), offsetX), 7), y;
      i32 one, two = 0;
      if (cell->inside && shares(x0, x3, y0, y3)) {
        Shared shared = sharedAt(x, x0, y0, y3, layer->stride);
        one = sampledShared(src, layer->stride, &shared);
        if (half) two = sampledShared(other, layer->stride, &shared);
      } else {
        x = clamp4(x, maxX);
        y = clamp4(wasm_i32x4_shr(wasm_i32x4_add(wasm_i32x4_splat(startY), offsetY), 7), maxY);
        one = sampled(src, layer->stride, x, y);
        if (half) two = sampled(other, layer->stride, x, y);
      }
      if (seen != PERSON) {
        y = clamp4(wasm_i32x4_shr(wasm_i32x4_add(wasm_i32x4_splat(startY), offsetY), 7), maxY);
        v128_t down = wasm_i32x4_add(y, wasm_i32x4_splat(half << 7));
        v128_t a = wasm_f32x4_mul(bilinear(p->alpha, p->width, p->height, x, down, 9 - half), wasm_f32x4_splat(1.0f / 255));
        one = composed(layer, layer->planes[0].plate, one, at + i, a, x, y);
        if (half) two = composed(layer, layer->planes[1].plate, two, at + i, a, x, y);
      }
      store4(layer->planes[0].out + to + i, one);
      if (half) store4(layer->planes[1].out + to + i, two);
    }
  }
}

/* Every cell whose corners do not all stand still, over the still. */
EXPORT("draw") void draw(const Picture *p) {
  const i32 *node = p->grid;
  for (i32 row = 0; row < p->rows; row++, node += 2) {
    for (i32 column = 0; column < p->columns; column++, node += 2) {
      v128_t top = wasm_v128_load(node), bottom = wasm_v128_load(node + 2 * (p->columns + 1));
      if (!wasm_v128_any_true(wasm_v128_or(top, bottom))) continue;
      Bounds bounds = boundsOf(top, bottom);
      i32 seen = p->alpha ? seenThrough(p, column, row, &bounds) : PERSON;
      if (seen == BEHIND) {
        copyPlate(&p->layers[0], column << p->bits, row << p->bits, 1 << p->bits);
        copyPlate(&p->layers[1], column << p->bits >> 1, row << p->bits >> 1, 1 << p->bits >> 1);
        continue;
      }
      Cell cell = {column, row, top, bottom, seen != PERSON, liesInside(p, column, row, &bounds)};
      drawCell(p, &p->layers[0], &cell, 0);
      drawCell(p, &p->layers[1], &cell, 1);
    }
  }
}

/* Says of each cell what the matte shows in it. */
EXPORT("survey") void survey(const Picture *p, u8 *seen) {
  for (i32 row = 0; row < p->rows; row++) {
    for (i32 column = 0; column < p->columns; column++) {
      i32 right = least(p->width, (column + 1) << p->bits), bottom = least(p->height, (row + 1) << p->bits);
      i32 any = 0, all = 255;
      for (i32 y = row << p->bits; y < bottom; y++) {
        for (i32 x = column << p->bits; x < right; x++) {
          any |= p->alpha[y * p->width + x];
          all &= p->alpha[y * p->width + x];
        }
      }
      seen[row * p->columns + column] = (u8)((any ? PERSON : 0) | (all == 255 ? 0 : BEHIND));
    }
  }
}

/* `count` places (a multiple of 4), clamped to `maxX` and `maxY`, of which maps have half: places in pixels where planes are doubled. */
EXPORT("map") void map(const u8 *src, i32 stride, i32 maxX, i32 maxY, u8 *to, i32 count, const i32 *mapX, const i32 *mapY) {
  for (i32 i = 0; i < count; i += 4) {
    v128_t x = clamp4(wasm_i32x4_shl(wasm_v128_load(mapX + i), 1), maxX);
    v128_t y = clamp4(wasm_i32x4_shl(wasm_v128_load(mapY + i), 1), maxY);
    store4(to + i, sampled(src, stride, x, y));
  }
}
