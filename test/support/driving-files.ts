/** Recordings of a face as other programs save them, and how the engine reads them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Extracted, extractFile } from "@smileloop/engine/services/extract.ts";

/** Writes the file and reads it as a driving clip. */
export async function readDrivingFile(content: string | Uint8Array | object, seconds = 10): Promise<Extracted> {
  const dir = mkdtempSync(join(tmpdir(), "driving-"));
  const path = join(dir, "driving");
  const plain = typeof content === "string" || content instanceof Uint8Array;
  writeFileSync(path, plain ? content : JSON.stringify(content));
  try {
    return await extractFile(path, seconds, { signal: new AbortController().signal, progress: () => {} });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const COLUMNS = ["EyeBlinkLeft", "EyeBlinkRight", "JawOpen", "MouthSmileLeft", "MouthSmileRight", "HeadPitch"];

/** A take of Live Link Face in which a jaw opens and closes once a second; `codes`: its timecodes. */
export function liveLinkCsv(codes: string[], cell = (value: number) => value.toFixed(4)): string {
  const rows = codes.map((code, i) => {
    const jaw = (1 - Math.cos((2 * Math.PI * i) / 25)) / 2;
    return [code, 61, ...COLUMNS.map((name) => cell(name === "JawOpen" ? jaw : 0.01))].join(",");
  });
  return [`Timecode,BlendShapeCount,${COLUMNS}`, ...rows, ""].join("\r\n");
}

/** Timecodes of `frames` frames at `fps` from 14:03:52:00 on, from frame `first` of that second. */
export function timecodes(frames: number, fps: number, { first = 0, fraction = ".000" } = {}): string[] {
  const two = (value: number) => String(value).padStart(2, "0");
  return Array.from({ length: frames }, (_, i) => {
    const at = first + i;
    return `14:03:${two(52 + Math.floor(at / fps))}:${two(at % fps)}${fraction}`;
  });
}

/** Results of MediaPipe's FaceLandmarker in which a jaw opens and closes. */
export function mediaPipeResults(frames = 40): object[] {
  return Array.from({ length: frames }, (_, i) => {
    const score = (1 - Math.cos((2 * Math.PI * i) / frames)) / 2;
    const categories = [
      { index: 0, score: 0.001, categoryName: "_neutral", displayName: "" },
      { index: 25, score, categoryName: "jawOpen", displayName: "" },
    ];
    return { faceBlendshapes: [{ categories }], timestampMs: 1000 + i * 33.3333 };
  });
}
