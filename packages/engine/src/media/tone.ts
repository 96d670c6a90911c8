/**
 * From the colours of a decoded frame to what an sRGB picture shows: of HDR, faces keep their light, and what is brighter than white
 * paper comes closer together instead of being cut off. Sources: ITU-T H.273 (code points), ITU-R BT.2408 (203 cd/m² for white).
 */
import {
  AVCOL_PRI_BT2020,
  AVCOL_PRI_SMPTE431,
  AVCOL_PRI_SMPTE432,
  AVCOL_RANGE_UNSPECIFIED,
  AVCOL_SPC_UNSPECIFIED,
  AVCOL_TRC_ARIB_STD_B67,
  AVCOL_TRC_BT709,
  AVCOL_TRC_BT2020_10,
  AVCOL_TRC_BT2020_12,
  AVCOL_TRC_IEC61966_2_1,
  AVCOL_TRC_LINEAR,
  AVCOL_TRC_SMPTE170M,
  AVCOL_TRC_SMPTE2084,
} from "node-av/constants";
import type { Frame } from "node-av/lib";

/** cd/m² of white, and how much brighter the brightest light is that is told from others: 1000 cd/m². */
const WHITE = 203;
const PEAK = 1000 / WHITE;
/** Linear light up to which nothing changes. */
const KEPT = 0.5;

const HDR: readonly number[] = [AVCOL_TRC_SMPTE2084, AVCOL_TRC_ARIB_STD_B67];
/** More colours than sRGB has; of others, sRGB is near enough. */
const WIDE: readonly number[] = [AVCOL_PRI_BT2020, AVCOL_PRI_SMPTE431, AVCOL_PRI_SMPTE432];
/** Transfer characteristics from which the filters lead to others. */
const TRANSFERS: readonly number[] = [
  ...HDR,
  AVCOL_TRC_BT709,
  AVCOL_TRC_BT2020_10,
  AVCOL_TRC_BT2020_12,
  AVCOL_TRC_IEC61966_2_1,
  AVCOL_TRC_LINEAR,
  AVCOL_TRC_SMPTE170M,
];

/** What is looked at of a frame's colours, as H.273 numbers them. */
type Colours = { colorPrimaries: number; colorTrc: number };

export function isHdr({ colorTrc }: Pick<Colours, "colorTrc">): boolean {
  return HDR.includes(colorTrc);
}

/** Says of a frame what it leaves open. */
export function completeColours(frame: Frame, { matrix, range }: { matrix: number; range: number }): void {
  const open: Partial<Record<"colorSpace" | "colorRange" | "colorPrimaries" | "colorTrc", number>> = {};
  if (frame.colorSpace === AVCOL_SPC_UNSPECIFIED) open.colorSpace = matrix;
  if (frame.colorRange === AVCOL_RANGE_UNSPECIFIED) open.colorRange = range;
  if (isHdr(frame) && !WIDE.includes(frame.colorPrimaries)) open.colorPrimaries = AVCOL_PRI_BT2020;
  if (!TRANSFERS.includes(frame.colorTrc)) open.colorTrc = AVCOL_TRC_IEC61966_2_1;
  Object.assign(frame, open);
}

/** Filters that make RGB of 8 bits, 3 bytes a pixel. `profiled`: an ICC profile says what the colours are, and is applied later. */
export function toRgb(colours: Colours, { profiled = false } = {}): string {
  const rgb = "scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp:out_range=pc,format=rgb24";
  if (isHdr(colours)) return [...toneMapped(), rgb].join(",");
  const usual = !WIDE.includes(colours.colorPrimaries) && colours.colorTrc !== AVCOL_TRC_LINEAR;
  return profiled || usual ? rgb : `zscale=p=709:t=iec61966-2-1:m=gbr:r=full,format=gbrp,${rgb}`;
}

function toneMapped(): string[] {
  return [
    `zscale=t=linear:npl=${WHITE}:m=gbr:r=full`,
    "format=gbrpf32le",
    "zscale=p=709",
    `tonemap=mobius:param=${KEPT}:peak=${PEAK}:desat=0`,
    "zscale=t=iec61966-2-1:m=gbr:r=full",
    "format=gbrp",
  ];
}
