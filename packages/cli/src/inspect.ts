/** `smileloop inspect`: what a photo shows, as `POST /v1/inspect` tells it, in sentences or as JSON. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { inspectResultSchema } from "@smileloop/core/engine/services.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { viewInspection } from "@smileloop/core/inspector.ts";
import { PICTURE_SLOT } from "@smileloop/core/kinds/index.ts";
import { createLog } from "@smileloop/core/log.ts";
import type { Inspection } from "@smileloop/core/wire/inspection.ts";
import { createEngineProcess } from "@smileloop/worker/process/engine-process.ts";
import { builtInSetup } from "../../../functions/engines/index.ts";
import type { InspectArgs } from "./args.ts";
import { openInput } from "./input-file.ts";
import { interrupted } from "./interrupt.ts";
import { EXIT, printJson } from "./report.ts";

const TIMEOUT_MS = 60_000;

/** Resolves with the exit code, which is 0 also where no face is found. Throws AppError. */
export async function inspect({ photo, json }: InspectArgs): Promise<number> {
  const stop = interrupted();
  const folder = await mkdtemp(join(tmpdir(), "smileloop-"));
  try {
    const found = await look(photo, folder, stop);
    if (json) printJson({ ok: true, ...found });
    else process.stdout.write(textOf(found));
    return EXIT.done;
  } catch (error) {
    if (!stop.aborted) throw error;
    if (json) printJson({ ok: false, error: { code: "canceled", detail: "Stopped." } });
    return EXIT.interrupted;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function look(photo: string, folder: string, signal: AbortSignal): Promise<Inspection> {
  const { path, type, bytes } = await openInput(photo, { slot: PICTURE_SLOT, folder, signal });
  const { inspectorCommand } = await builtInSetup();
  if (!inspectorCommand) throw new AppError("engine_not_configured", "The built-in engine inspects no pictures.");
  const log = createLog({ level: "silent" });
  const engine = createEngineProcess({ ...inspectorCommand, name: "inspector", workRoot: join(folder, "work"), log });
  try {
    const request = { type: "inspect", inputs: { image: [{ path: resolve(path), type }] } };
    const found = await engine.request(request, { result: inspectResultSchema, timeoutMs: TIMEOUT_MS, signal });
    return viewInspection(found, { type, bytes });
  } finally {
    await engine.stop({ graceMs: 0 });
  }
}

/** A line about the picture, and one about each face, each followed by what there is to say of it. */
function textOf({ type, bytes, width, height, orientation, faces, warnings }: Inspection): string {
  const turned = orientation === 1 ? "" : `, turned by EXIF orientation ${orientation}`;
  const lines = [`${type}, ${width} × ${height} pixels${turned}, ${(bytes / 1e6).toFixed(bytes < 1e5 ? 3 : 1)} MB`];
  for (const { detail } of warnings) lines.push(`  ! ${detail}`);
  for (const [index, face] of faces.entries()) {
    lines.push(`face ${index}: ${faceLine(face)}`);
    for (const { detail } of face.warnings) lines.push(`  ! ${detail}`);
    if (face.warnings.length === 0) lines.push("  nothing to improve");
  }
  return `${lines.join("\n")}\n`;
}

function faceLine({ box, eye_distance, angles, sharpness, glasses, occlusion, moves }: Inspection["faces"][number]) {
  const sharp = sharpness >= 0.2 ? "sharp" : sharpness >= 0.07 ? "a little soft" : "blurred";
  return [
    `${box.width} × ${box.height} at ${box.x}, ${box.y}`,
    `eyes ${eye_distance} px apart`,
    `pitch ${angles.pitch}°, yaw ${angles.yaw}°, roll ${angles.roll}°`,
    `${sharp} (${sharpness})`,
    ...(glasses === "clear" ? ["glasses"] : glasses === "dark" ? ["dark glasses"] : []),
    ...(occlusion?.eyes ? ["eyes hidden"] : []),
    ...(occlusion?.mouth ? ["mouth hidden"] : []),
    ...(occlusion?.cut ? ["cut off"] : []),
    ...(moves ? [] : ["cannot move"]),
  ].join(", ");
}
