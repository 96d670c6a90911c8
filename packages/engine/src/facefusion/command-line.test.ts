import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processorStepSchema } from "@smileloop/core/faces/processors.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MODELS, standInFacefusion } from "../../../../test/support/facefusion.ts";
import { type Asked, argumentsOf, runsOf } from "./command-line.ts";
import { flagsOf, snapped } from "./help.ts";
import { type Installation, readInstallation } from "./installation.ts";

const dir = mkdtempSync(join(tmpdir(), "smileloop-command-line-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let here: Installation;
beforeAll(async () => {
  here = await readInstallation(standInFacefusion(join(dir, "whole")));
});

const ASKED: Asked = {
  ...{ faces: "largest", face: 0, detector: { score: 0.5 }, execution: { providers: ["cpu"], threads: 1 } },
};
type Step = { name: Parameters<Installation["modelsOf"]>[0] } & Record<string, unknown>;

/** The value of each flag. */
function told(steps: Step[], { scale = 100, ...asked }: Partial<Asked> & { scale?: number } = {}, installation = here) {
  const parsed = steps.map((step) => processorStepSchema.parse(step));
  const { args, warnings } = argumentsOf(installation, parsed, { ...ASKED, ...asked }, scale);
  const flags: Record<string, string> = {};
  let flag = "";
  for (const arg of args) {
    if (arg.startsWith("--")) flag = arg;
    else flags[flag] = flags[flag] === undefined ? arg : `${flags[flag]} ${arg}`;
  }
  return { flags, warnings };
}

test("help is read as argparse writes it: lists, ranges, sentences that go on in other lines, flags with a letter", () => {
  const help = [
    "usage: facefusion.py headless-run [-h] [--log-level {a,b}]",
    "  -s SOURCE_PATHS [SOURCE_PATHS ...], --source-paths SOURCE_PATHS [SOURCE_PATHS ...]   choose",
    "  --face-detector-score [0.0..1.0:0.05]   set the score",
    "  --execution-providers EXECUTION_PROVIDERS [EXECUTION_PROVIDERS ...]",
    "                        inference by others (choices: cuda,",
    "                        cpu, ...)",
    "  --keep-temp   keep",
    "  --log-level {warn,info}",
  ].join("\n");
  expect(Object.fromEntries(flagsOf(help))).toEqual({
    "--source-paths": {},
    "--face-detector-score": { range: { least: 0, most: 1, step: 0.05 } },
    "--execution-providers": { choices: ["cuda", "cpu"] },
    "--keep-temp": {},
    "--log-level": { choices: ["warn", "info"] },
  });
});

test("numbers become those that a list has, with two digits at most", () => {
  const range = { least: -1, most: 1, step: 0.05 };
  expect([0.33, -0.999, 0.15, 2].map((value) => snapped(value, { range }))).toEqual(["0.35", "-1", "0.15", "1"]);
  expect([snapped(0.52), snapped(7, {}, 1)]).toEqual(["0.5", "7"]);
});

test("an installation offers the steps for which it has a model", async () => {
  expect(here.version).toBe("3.8.1");
  const all = ["age_modifier", "deep_swapper", "face_debugger", "face_editor", "face_swapper", "frame_enhancer"];
  expect(here.processors).toEqual([...all, "lip_syncer"]);
  expect(here.modelsOf("face_swapper")).toEqual(["inswapper_128"]);
  const few = await readInstallation(standInFacefusion(join(dir, "few"), { models: ["fran"] }));
  expect(few.processors).toEqual(["age_modifier", "face_debugger"]);
});

test("an installation that would have jobs share their folders is refused, and so is what is not one", async () => {
  const old = standInFacefusion(join(dir, "old"), { version: "3.0.1", lacks: ["--jobs-path", "--temp-path"] });
  await expect(readInstallation(old)).rejects.toMatchObject({
    code: "engine_not_configured",
    message: expect.stringContaining("FaceFusion 3.0.1 in"),
  });
  await expect(readInstallation(old)).rejects.toThrow("has no --jobs-path, --temp-path");
  await expect(readInstallation({ root: dir, python: "python3" })).rejects.toThrow("is not a FaceFusion installation");
  await expect(readInstallation({ ...old, python: join(dir, "none") })).rejects.toThrow("--version");
});

test("steps become processors in order, with their own options and a model that is there", () => {
  const { flags } = told([
    { name: "face_editor", mouth_smile: 0.62 },
    { name: "face_swapper", pixel_boost: "512x512" },
  ]);
  expect(flags).toMatchObject({
    ...{
      "--processors": "face_editor face_swapper",
      "--face-editor-mouth-smile": "0.6",
      "--face-editor-head-yaw": "0",
    },
    ...{ "--face-editor-model": "live_portrait", "--face-swapper-model": "inswapper_128" },
    ...{ "--face-swapper-pixel-boost": "512x512", "--face-detector-score": "0.5", "--face-selector-mode": "one" },
    ...{ "--execution-providers": "cpu", "--execution-thread-count": "1", "--output-image-scale": "1.0" },
    ...{ "--temp-frame-format": "png", "--log-level": "info", "--video-memory-strategy": "strict" },
  });
  expect(flags["--face-swapper-weight"]).toBeUndefined();
});

test("faces, detectors and what computes are FaceFusion's, and what it has not is told", () => {
  const detector = { model: "yoloface_8n" as const, score: 0.52 };
  const { flags, warnings } = told([{ name: "face_debugger" }], {
    ...{ faces: "reference", face: 2, detector, execution: { providers: ["tensorrt", "cuda"], threads: 8 } },
  });
  expect(flags).toMatchObject({
    ...{ "--face-selector-mode": "reference", "--reference-face-position": "2", "--reference-frame-number": "0" },
    ...{ "--face-detector-model": "yolo_face", "--face-detector-score": "0.5" },
    ...{ "--execution-providers": "cuda", "--execution-thread-count": "8" },
    "--face-debugger-items": "bounding-box face-landmark-5 face-landmark-68 face-mask",
  });
  const detail = "FaceFusion here does not run on tensorrt, so cuda is used. It has cpu, cuda.";
  expect(warnings).toEqual([{ code: "execution_ignored", detail }]);
  const without = { ...here, flags: new Map([...here.flags].filter(([name]) => name !== "--face-detector-model")) };
  expect(told([{ name: "face_debugger" }], { detector }, without).warnings).toMatchObject([
    { code: "detector_ignored" },
  ]);
  expect(told([{ name: "face_debugger" }], { faces: "all" }).flags["--face-selector-mode"]).toBe("many");
});

test("results are scaled by us, but what a step makes larger is asked for in the next larger of its scales", () => {
  const scaleOf = (name: Step["name"], scale: number) => told([{ name }], { scale }).flags["--output-video-scale"];
  expect([scaleOf("face_debugger", 333), scaleOf("frame_enhancer", 33), scaleOf("frame_enhancer", 333)]).toEqual([
    ...["1.0", "1.0", "3.5"],
  ]);
});

describe("refused with what is allowed:", () => {
  test.each([
    [
      "another model",
      { name: "face_swapper", model: "simswap_256" },
      "invalid_request",
      /does not know it\. Here are inswapper_128/,
    ],
    [
      "a model that is not there",
      { name: "face_swapper", model: "hyperswap_1a_256" },
      "invalid_request",
      /files are not in/,
    ],
    ["nobody's model", { name: "deep_swapper" }, "invalid_request", /needs `model`.*vendor\/one_224/],
    ["another choice", { name: "face_swapper", pixel_boost: "64x64" }, "invalid_request", /256x256, 512x512/],
    ["a step that it has not", { name: "frame_colorizer" }, "engine_not_configured", /it has age_modifier/],
  ] as const)("%s", async (_, step, code, message) => {
    const refused = { code, message: expect.stringMatching(message) };
    await expect((async () => told([step]))()).rejects.toMatchObject(refused);
  });

  test("an option that this version lacks, unless it is asked for nothing", async () => {
    const lacks = ["--face-editor-head-roll", "--reference-frame-number"];
    const older = await readInstallation(standInFacefusion(join(dir, "older"), { lacks, models: MODELS }));
    expect(told([{ name: "face_editor" }], {}, older).flags).not.toHaveProperty("--face-editor-head-roll");
    const rolled = () => told([{ name: "face_editor", head_roll: 0.5 }], {}, older);
    expect(rolled).toThrow("FaceFusion 3.8.1 has no --face-editor-head-roll: leave `head_roll` of face_editor out.");
    expect(() => told([{ name: "face_debugger" }], { faces: "reference" }, older)).toThrow(
      "has no --reference-frame-number",
    );
  });
});

test("a step that comes twice takes another run", () => {
  const steps = ["face_editor", "face_debugger", "face_editor"].map((name) =>
    processorStepSchema.parse({ name } as Step),
  );
  expect(runsOf(steps).map((run) => run.map(({ name }) => name))).toEqual([
    ["face_editor", "face_debugger"],
    ["face_editor"],
  ]);
});
