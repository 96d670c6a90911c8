/** How much nearer to the truth the enhancers come than what they are given, or than plain enlarging. */
import { join } from "node:path";
import { doubledPlainly } from "@smileloop/engine/faces/enhance/double.ts";
import { faceEnhancer } from "@smileloop/engine/faces/enhance/face-enhancer.ts";
import { frameEnhancer } from "@smileloop/engine/faces/enhance/frame-enhancer.ts";
import type { RgbFrame } from "@smileloop/engine/faces/processor.ts";
import { decodePicture } from "@smileloop/engine/media/picture.ts";
import type { FaceFigure, FacePart } from "./figures.ts";
import {
  ASTRONAUT,
  blurred,
  CAT,
  CONTEXT,
  clipOf,
  cut,
  fidelity,
  HOPPER,
  isNew,
  mean,
  SOURCES,
  type Still,
  saved,
  sceneOf,
  shrunk,
  stillOf,
  writeRows,
} from "./stills.ts";

/** As clients get it. */
const BLEND = 80;
/** Sides of parts that are enlarged, pixels. */
const SIDE = 192;
const PARTS = [
  { path: ASTRONAUT, left: 128, top: 16 },
  { path: ASTRONAUT, left: 250, top: 300 },
  { path: HOPPER, left: 150, top: 120 },
  { path: HOPPER, left: 280, top: 20 },
  { path: CAT, left: 100, top: 30 },
];

export const enhance: FacePart = {
  name: "Enhancers",
  async figures({ portraits, out }) {
    const parts = await Promise.all(PARTS.map(({ path, left, top }) => partOf(path, left, top)));
    const faces: Still[] = [];
    for (const path of [ASTRONAUT, HOPPER, ...portraits.filter(isNew)]) {
      const still = await stillOf(path);
      if (still) faces.push(still);
    }
    if (out) await writeSheets(faces, out);
    return [
      ...(await enlarged(parts, "5 parts of fixtures")),
      ...(await enlarged(
        faces.map(({ frame }) => frame),
        "faces",
      )),
      ...(await restoredFaces(faces)),
    ];
  },
};

async function partOf(path: string, left: number, top: number): Promise<RgbFrame> {
  const picture = await decodePicture(path, { maxSide: 600 });
  return cut(picture, { left, top, width: SIDE, height: SIDE });
}

async function enlarged(parts: RgbFrame[], of: string): Promise<FaceFigure[]> {
  const figures: FaceFigure[] = [];
  for (const [times, from] of [
    [2, 1],
    [4, 1.2],
  ] as const) {
    const gains: number[] = [];
    const coded: number[] = [];
    for (const part of parts) {
      const small = times === 2 ? shrunk(part) : shrunk(shrunk(part));
      const plain = (frame: RgbFrame) => (times === 2 ? doubledPlainly(frame) : doubledPlainly(doubledPlainly(frame)));
      const gain = async (frame: RgbFrame) => fidelity(await larger(frame, times), part) - fidelity(plain(frame), part);
      gains.push(await gain(small));
      coded.push(await gain(await saved(small, 60)));
    }
    figures.push(
      { name: `×${times} beyond Catmull-Rom, mean of ${of}`, value: mean(gains), unit: "dB", from },
      { name: `×${times} beyond Catmull-Rom, least of ${of}`, value: Math.min(...gains), unit: "dB", from: -0.1 },
      { name: `×${times} of JPEGs of quality 60, mean of ${of}`, value: mean(coded), unit: "dB", from: 0 },
    );
  }
  return figures;
}

async function larger(frame: RgbFrame, times: 2 | 4): Promise<RgbFrame> {
  const scene = { frame, faces: [], index: 0, seconds: 0 };
  const step = await frameEnhancer.prepare(
    { name: "frame_enhancer", blend: BLEND },
    clipOf(scene, { scale: 100 * times }),
    SOURCES,
    CONTEXT,
  );
  return (await step.apply(scene)).frame;
}

const SPOILED: { name: string; spoil(frame: RgbFrame): Promise<RgbFrame>; from: number }[] = [
  { name: "blurred, σ 1 pixel", spoil: (frame) => blurred(frame, 1), from: 0.5 },
  { name: "blurred, σ 1.6 pixels", spoil: (frame) => blurred(frame, 1.6), from: 0.5 },
  {
    name: "blurred, σ 1 pixel, JPEG of quality 60",
    spoil: async (frame) => saved(await blurred(frame, 1), 60),
    from: 1,
  },
  { name: "crisp, JPEG of quality 75", spoil: (frame) => saved(frame, 75), from: -0.1 },
  { name: "crisp, JPEG of quality 40", spoil: (frame) => saved(frame, 40), from: -0.1 },
];

/** On the faces themselves, with E of 45 to 110 pixels, as most are that need it. */
async function restoredFaces(faces: Still[]): Promise<FaceFigure[]> {
  const fitting = faces.map(halvedTo);
  const figures: FaceFigure[] = [];
  for (const { name, spoil, from } of SPOILED) {
    const gains: number[] = [];
    for (const { frame, face } of fitting) {
      const spoiled = await spoil(frame);
      gains.push(fidelity(await clearer(spoiled, face), frame, face.box) - fidelity(spoiled, frame, face.box));
    }
    figures.push({ name: `face_enhancer, ${name}, mean`, value: mean(gains), unit: "dB", from });
    if (from < 0) figures.push({ name: `face_enhancer, ${name}, least`, value: Math.min(...gains), unit: "dB" });
  }
  const kept = await Promise.all(fitting.map(async ({ frame, face }) => fidelity(await clearer(frame, face), frame)));
  return [
    ...figures,
    { name: "face_enhancer, crisp, likeness to what came, least", value: Math.min(...kept), unit: "dB", from: 40 },
  ];
}

function halvedTo({ frame, face }: Still): Still {
  if (face.eyeDistance <= 110) return { frame, face };
  const scale = (values: Float32Array): Float32Array => values.map((value) => value / 2);
  const { box, crop } = face;
  return halvedTo({
    frame: shrunk(frame),
    face: {
      ...face,
      points: scale(face.points),
      box: { x: box.x / 2, y: box.y / 2, width: box.width / 2, height: box.height / 2 },
      crop: { ...crop, x: crop.x / 2, y: crop.y / 2, size: crop.size / 2 },
      eyeDistance: face.eyeDistance / 2,
    },
  });
}

async function clearer(frame: RgbFrame, face: Still["face"]): Promise<RgbFrame> {
  const scene = sceneOf(frame, face);
  const step = await faceEnhancer.prepare({ name: "face_enhancer", blend: BLEND }, clipOf(scene), SOURCES, CONTEXT);
  return (await step.apply(scene)).frame;
}

/** Rows: soft, made clearer, truth; small enlarged plainly, by the network, truth. */
async function writeSheets(faces: Still[], out: string): Promise<void> {
  const rows = await Promise.all(
    faces.map(halvedTo).map(async ({ frame, face }) => {
      const soft = await saved(await blurred(frame, 1), 60);
      const small = shrunk(frame);
      return [soft, await clearer(soft, face), frame, doubledPlainly(small), await larger(small, 2)];
    }),
  );
  await writeRows(rows, 400, join(out, "enhancers.png"));
}
