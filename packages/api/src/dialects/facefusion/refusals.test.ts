/** What is refused, in the words of the original. */

import { describe, expect, it } from "vitest";
import { jpegBytes } from "../../../../../test/support/api.ts";
import { facefusionApi, image, outcome, request } from "../../../../../test/support/facefusion-api.ts";
import { MP4, processing } from "../../../../../test/support/facefusion-clients.ts";
import { wavBytes } from "../../../../../test/support/talking-avatar.ts";

const here = facefusionApi();
const { get, nothingLeft } = here;

describe("what is refused", () => {
  const junk = new Uint8Array(Buffer.from("no picture at all"));
  const alone = { target: jpegBytes() };
  it.each<[string, string, Record<string, Uint8Array | Uint8Array[]>, Record<string, string>, number, RegExp]>([
    ["a target that is none", "image", { ...image, target: junk }, {}, 400, /^Target file is not a valid image$/],
    ["an empty target", "image", { ...image, target: new Uint8Array() }, {}, 400, /^Target file is not a valid image$/],
    ["a video as a picture", "image", { ...image, target: MP4 }, {}, 400, /^Target file is not a valid image$/],
    ["a picture as a video", "video", image, {}, 400, /^Target file is not a valid video$/],
    ["a source that is none", "image", { ...image, source: junk }, {}, 400, /^Source file is not a valid image$/],
    ["a sound as a face", "image", { ...image, source: wavBytes() }, {}, 400, /^Source file is not a valid image$/],
    ["no source", "image", alone, {}, 400, /^Source file is required for the selected processors$/],
    [
      "a source nobody takes",
      "image",
      image,
      { processors: "face_enhancer" },
      422,
      /^body\.source: No step takes a source/,
    ],
    ["no target", "image", { source: jpegBytes() }, {}, 422, /^body\.target: Field required$/],
    [
      "too many bytes",
      "video",
      { target: new Uint8Array(1_100_000) },
      {},
      413,
      /^The file 'target' is larger than 1000000 bytes/,
    ],
    ["broken JSON", "image", image, { request: '{"processors":' }, 422, /^body\.request: JSON decode error: /],
    ["no object", "image", image, { request: "[]" }, 422, /^body\.request: must be a JSON object$/],
    [
      "a scale",
      "image",
      image,
      request({ output_image_scale: 401 }),
      422,
      /^body\.request\.output_image_scale: at most 400, got 401$/,
    ],
    [
      "a scale of a field",
      "video",
      image,
      { output_video_scale: "9" },
      422,
      /^body\.output_video_scale: at least 10, got 9$/,
    ],
    ["threads", "image", image, request({ execution_thread_count: 33 }), 422, /execution_thread_count: at most 32/],
    ["a score", "image", image, request({ face_detector_score: 1.5 }), 422, /face_detector_score: at most 1/],
    [
      "a detector",
      "image",
      image,
      { face_detector_model: "eyes" },
      422,
      /face_detector_model: must be one of yoloface_8n.*got 'eyes'/,
    ],
    [
      "a processor nobody knows",
      "image",
      image,
      request({ processors: ["face_paint"] }),
      422,
      /processors.*face_paint/,
    ],
    [
      "a name in place of a list",
      "image",
      image,
      request({ processors: "face_debugger" }),
      422,
      /^body\.request\.processors: must be a list, got 'face_debugger'$/,
    ],
    ["no processor", "image", image, request({ processors: [] }), 422, /processors: must not be empty/],
    [
      "a name nobody knows",
      "image",
      image,
      request({ procesors: [] }),
      422,
      /^body\.request: unknown name 'procesors' \(did you mean processors\?\)/,
    ],
    ["a part nobody knows", "image", image, { preset: "x" }, 422, /^body\.preset: This part is not known here$/],
    [
      "the same twice",
      "image",
      image,
      { ...request({ processors: ["face_swapper"] }), processors: "face_swapper" },
      422,
      /^body\.processors: Also in `request`/,
    ],
    [
      "what no engine offers",
      "image",
      alone,
      { processors: "age_modifier,face_debugger" },
      501,
      /^No engine installed here offers age_modifier; .*face_debugger/,
    ],
    [
      "a webhook",
      "image",
      image,
      { webhook_url: "https://example.com/done" },
      422,
      /^body\.webhook_url: No webhooks are sent here: they are not set up\.$/,
    ],
    [
      "a result that is too large",
      "image",
      { ...image, target: jpegBytes(3000, 3000) },
      { output_image_scale: "400" },
      422,
      /^body\.output_image_scale: At 400 %.*at most 136/,
    ],
  ])("%s", async (_name, medium, files, texts, status, told) => {
    expect(await outcome(processing(here.api, `/process/${medium}`, files, texts))).toEqual([
      status,
      expect.stringMatching(told),
    ]);
    await nothingLeft();
  });

  it("a body that is not a form", async () => {
    const reply = get("/process/image", {
      method: "POST",
      body: "{}",
      headers: { "Content-Type": "application/json" },
    });
    expect(await outcome(reply)).toEqual([422, "body.target: Field required"]);
  });
});
