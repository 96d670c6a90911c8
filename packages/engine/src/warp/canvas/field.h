/* The field of a motion on the nodes of the grid (field.ts): its inverse, and light that goes with the skin. */
/* Values of nodes, row by row; the corners of the cells. */
typedef struct {
  i32 columns, rows, cell; /* pixels a side, a power of 2 */
  const float *dx, *dy; /* pixels: where what is at the node in the still goes */
  float *backX, *backY; /* pixels: from the node's place in the frame to where its skin is in the still */
  i32 *grid;
  const float *gain; /* share by which the skin that is at the node in the still gets lighter */
  float *light;      /* the same of what is seen at the node */
} Field;

INLINE float within(float value, float most) { return value < 0 ? 0 : value > most ? most : value; }

/* Between four nodes; `dx` and `dy` pixels from one. */
typedef struct {
  i32 at;
  float fx, fy;
} NodePlace;

INLINE NodePlace placeAt(const Field *f, i32 column, i32 row, float dx, float dy) {
  float share = 1.0f / (float)f->cell;
  float x = within((float)column + dx * share, (float)f->columns - 1.001f);
  float y = within((float)row + dy * share, (float)f->rows - 1.001f);
  i32 c = (i32)x, r = (i32)y;
  return (NodePlace){r * f->columns + c, x - (float)c, y - (float)r};
}

INLINE float valueAt(const float *values, i32 columns, NodePlace place) {
  const float *at = values + place.at;
  float top = at[0] + (at[1] - at[0]) * place.fx;
  float bottom = at[columns] + (at[columns + 1] - at[columns]) * place.fx;
  return top + (bottom - top) * place.fy;
}

/* What moves by less, in pixels, is not seen to move, and left as it is it costs nothing. */
#define TINY (1.0f / 64)

/* back(q) = -forward(q + back(q)), three times: enough for displacements whose slope stays well under 1. */
EXPORT("invert") void invert(const Field *field) {
  /* a copy: what is stored below cannot change it */
  const Field copy = *field, *f = &copy;
  for (i32 row = 0, i = 0; row < f->rows; row++) {
    for (i32 column = 0; column < f->columns; column++, i++) {
      float x = -f->dx[i], y = -f->dy[i];
      /* where nothing moves, the iteration stays at its start */
      for (i32 step = 0; step < 3 && (x != 0 || y != 0); step++) {
        NodePlace place = placeAt(f, column, row, x, y);
        x = -valueAt(f->dx, f->columns, place);
        y = -valueAt(f->dy, f->columns, place);
      }
      i32 seen = x >= TINY || x <= -TINY || y >= TINY || y <= -TINY;
      f->backX[i] = x = seen ? x : 0;
      f->backY[i] = y = seen ? y : 0;
      f->grid[2 * i] = (i32)__builtin_rintf(x * 65536);
      f->grid[2 * i + 1] = (i32)__builtin_rintf(y * 65536);
    }
  }
}

/* Light that belongs to the skin, over the frame's luma. */
EXPORT("lighten") void lighten(const Field *f, u8 *out, i32 stride) {
  i32 columns = f->columns, cell = f->cell;
  for (i32 row = 0, i = 0; row < f->rows; row++) {
    for (i32 column = 0; column < columns; column++, i++) {
      f->light[i] = valueAt(f->gain, columns, placeAt(f, column, row, f->backX[i], f->backY[i]));
    }
  }
  v128_t black = wasm_f32x4_splat(16), half = wasm_f32x4_splat(0.5f), lanes = wasm_f32x4_const(0, 1, 2, 3);
  for (i32 row = 0; row < f->rows - 1; row++) {
    for (i32 column = 0; column < columns - 1; column++) {
      const float *at = f->light + row * columns + column;
      float a = at[0], b = at[1], c = at[columns], d = at[columns + 1];
      if (__builtin_fabsf(a) + __builtin_fabsf(b) + __builtin_fabsf(c) + __builtin_fabsf(d) < 1e-4f) continue;
      for (i32 j = 0; j < cell; j++) {
        float down = (float)j / (float)cell, left = a + (c - a) * down;
        float step = (b + (d - b) * down - left) / (float)cell;
        v128_t share = wasm_f32x4_add(wasm_f32x4_splat(left), wasm_f32x4_mul(lanes, wasm_f32x4_splat(step)));
        u8 *to = out + (row * cell + j) * stride + column * cell;
        for (i32 n = 0; n < cell; n += 4, share = wasm_f32x4_add(share, wasm_f32x4_splat(4 * step))) {
          v128_t luma = floats(wide(load4(to + n)));
          luma = wasm_f32x4_add(luma, wasm_f32x4_mul(wasm_f32x4_sub(luma, black), share));
          v128_t levels = wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_add(luma, half));
          store4(to + n, narrow(wasm_i32x4_min(levels, wasm_i32x4_splat(235))));
        }
      }
    }
  }
}
