/**
 * Rows of teeth: sizes in E. A central incisor is 8.5 mm wide (Magne, Gallucci & Belser 2003, J. Prosthet. Dent. 89(5)), a lower one
 * 5.4 mm, outer eye corners are some 90 mm apart.
 */
type Row = {
  /** Edges between teeth from the middle outwards: they turn away, so they narrow. */
  edges: number[];
  /** How far each reaches as a share of the first, and how light it is. Two halves that differ a little look grown. */
  lengths: Record<"right" | "left", number[]>;
  light: Record<"right" | "left", number[]>;
};

export const UPPER_ROW: Row = {
  edges: [0, 0.092, 0.162, 0.226, 0.274, 0.31],
  lengths: { right: [1, 0.9, 0.97, 0.84, 0.76], left: [0.985, 0.915, 0.98, 0.85, 0.76] },
  light: { right: [1, 0.975, 0.93, 0.9, 0.85], left: [0.985, 0.985, 0.92, 0.9, 0.85] },
};

export const LOWER_ROW: Row = {
  edges: [0, 0.058, 0.12, 0.182, 0.235, 0.28],
  lengths: { right: [1, 0.96, 1.05, 0.9, 0.8], left: [0.97, 1, 1.03, 0.88, 0.8] },
  light: { right: [1, 0.97, 0.95, 0.9, 0.85], left: [0.98, 0.99, 0.94, 0.9, 0.85] },
};

/** `round`: 0 in a tooth's middle, 1 at its edges; `seam`: 1 between two teeth. */
export type Tooth = { length: number; light: number; round: number; seam: number };

/** Which tooth of a row is at `x` E from the middle; below 0 is the person's right. */
export function toothAt({ edges, lengths, light }: Row, x: number, into: Tooth): void {
  const side = x < 0 ? "right" : "left";
  const out = Math.abs(x);
  let nth = 0;
  while (nth < edges.length - 2 && out > edges[nth + 1]!) nth++;
  const [from, to] = [edges[nth]!, edges[nth + 1]!];
  into.round = Math.min(1, Math.abs((2 * (out - from)) / (to - from) - 1));
  const near = Math.min(out - from, Math.max(0, to - out));
  into.length = lengths[side][nth]!;
  into.light = light[side][nth]!;
  into.seam = near > 0.02 ? 0 : Math.exp(-((near / 0.007) ** 2));
}
