import { expect, test } from "vitest";
import { fieldErrors } from "../errors/fields.ts";
import { checkSubmission, workOf } from "../jobs/submission.ts";
import { createKinds } from "./index.ts";
import type { InputFacts } from "./inputs.ts";
import type { ProcessVideoJobParams } from "./process.ts";

const names = ["process_image", "process_video"];
const known = ["house", "studio"].map((name) => ({ name, kinds: names }));
const serve = new Map(names.map((name) => [name, ["house", "studio"]]));
const capabilities = new Map([
  ["house", ["face_debugger", "face_swapper", "lip_syncer"]],
  ["studio", ["face_swapper", "age_modifier"]],
]);
const kinds = createKinds({ presets: new Map(), engines: { known, serve, capabilities } });
const [image, video] = names.map((name) => kinds.get(name)!);
const faults = (params: unknown, kind = video!) => {
  const { error } = kind.params.safeParse(params);
  return error ? fieldErrors(error, ["params"]).map(({ loc, msg }) => `${loc.join(".")} ${msg}`) : [];
};
const ask = (params: Record<string, unknown>, source = 0, kind = "process_image") =>
  checkSubmission(kinds, { kind, inputs: { target: 1, source }, params, attested: true });
const PICTURE: InputFacts = { type: "image/jpeg", bytes: 1, width: 1000, height: 800 };
const SOUND: InputFacts = { type: "audio/wav", bytes: 1, seconds: 2 };
const FILM: InputFacts = { type: "video/mp4", bytes: 1, width: 1280, height: 720, seconds: 10 };

test("a step is a name, or a name with options; the rest has defaults, and stays as it is when it is read again", () => {
  const params = video!.params.parse({ processors: ["face_swapper", { name: "face_enhancer", blend: 40 }] });
  expect(params).toEqual({
    processors: [{ name: "face_swapper" }, { name: "face_enhancer", blend: 40 }],
    ...{ faces: "largest", scale: 100, fps: null },
    ...{ detector: { score: 0.5 }, execution: { providers: ["cpu"], threads: 1 } },
  });
  expect(video!.params.parse(params)).toEqual(params);
  const third = video!.params.parse({ processors: ["face_swapper"], face: 2 });
  expect(third).toMatchObject({ faces: "reference", face: 2 });
  expect(video!.params.parse(third)).toEqual(third);
});

test("a fault names the step and what is allowed", () => {
  expect(faults({})).toEqual(["params.processors is required"]);
  expect(faults({ processors: ["face_paint"] })[0]).toMatch(
    /^params.processors.0 must be one of age_modifier, .*got 'face_paint'$/,
  );
  expect(faults({ processors: [{ name: "face_paint" }] })[0]).toMatch(/^params.processors.0 name: must be one of age/);
  expect(faults({ processors: [{ name: "face_editor", mouth_smile: 3 }] })).toEqual([
    "params.processors.0.mouth_smile at most 1, got 3",
  ]);
  expect(faults({ processors: Array(11).fill("face_swapper") })).toEqual([
    "params.processors at most 10 items, got 11",
  ]);
  expect(faults({ processors: ["face_swapper"], faces: "all", face: 1 })[0]).toMatch(/^params.face is for `faces`/);
  expect(faults({ processors: ["face_swapper"], fps: 25 }, image)[0]).toMatch(/unknown name 'fps'/);
  expect(faults({ processors: ["face_swapper"], consent: { subject: "yes" } })[0]).toMatch(
    /self, permission, public_domain/,
  );
});

test("sources and steps belong together, as far as their number tells", () => {
  const needed = "A source is needed for the step face_swapper: a picture of a face, as the input 'source'.";
  expect(() => ask({ processors: ["face_debugger", "face_swapper"] })).toThrow(needed);
  expect(() => ask({ processors: ["face_debugger"] }, 1)).toThrow("No step takes a source: face_debugger.");
  expect(() => ask({ processors: ["lip_syncer"] }, 1)).toThrow("lip_syncer needs a video");
  expect(ask({ processors: ["face_swapper"] }, 8).engine).toBe("house");
  expect(() => ask({ processors: ["face_swapper"] }, 9)).toThrow("'source': at most 8 files, got 9.");
});

test("and as their types tell, once they are known", () => {
  const film = (processors: string[], source: InputFacts[]) =>
    workOf(ask({ processors }, source.length, "process_video"), { target: [FILM], source });
  expect(() => film(["lip_syncer"], [PICTURE])).toThrow("for the step lip_syncer: a sound");
  expect(() => film(["face_swapper"], [PICTURE, SOUND])).toThrow("No step takes a sound: leave it out");
  expect(() => film(["lip_syncer"], [SOUND, SOUND])).toThrow("One sound at most, got 2.");
  expect(film(["face_swapper", "lip_syncer"], [PICTURE, PICTURE, SOUND]).queue).toBe("house");
  // what has not been fetched yet may be anything
  expect(film(["lip_syncer"], [{ type: "application/octet-stream", bytes: 0 }]).queue).toBe("house");
});

test("a scale that leads too far is refused with the largest that does not", () => {
  const work = (scale: number, target = PICTURE) =>
    workOf(ask({ processors: ["face_debugger"], scale }), { target: [target] });
  expect(work(400).queue).toBe("house");
  expect(() => work(400, { ...PICTURE, width: 2000 })).toThrow(/8000 × 3200 pixels; .* `scale` is at most 204\./);
  // a photo that is larger than what is made by enlarging stays as it is, or becomes smaller
  expect(work(100, { ...PICTURE, width: 6000, height: 4000 }).queue).toBe("house");
});

test("the first engine that offers all steps is taken; what nobody offers is named", () => {
  const engineFor = (processors: string[], engine?: string) => ask({ processors, ...(engine && { engine }) }, 1).engine;
  expect(engineFor(["face_swapper"])).toBe("house");
  expect(engineFor(["face_swapper", "age_modifier"])).toBe("studio");
  expect(engineFor(["face_swapper"], "studio")).toBe("studio");
  const fault = (processors: string[], engine?: string) => expect(() => engineFor(processors, engine));
  const offers = "house offers face_debugger, face_swapper, lip_syncer; studio offers face_swapper, age_modifier.";
  fault(["face_swapper", "frame_colorizer"]).toThrow(`No engine here offers frame_colorizer: ${offers}`);
  fault(["face_swapper", "face_debugger", "age_modifier"]).toThrow(
    "No engine here alone offers all of face_swapper, face_debugger, age",
  );
  fault(["face_swapper", "face_debugger"], "studio").toThrow("The engine 'studio' does not offer all of");
  expect(kinds.get("animate")!.capabilities.size).toBe(0);
});

test("longer, larger and more steps are more work", () => {
  const seconds = (params: Partial<ProcessVideoJobParams>, target: Partial<InputFacts> = {}) =>
    video!.estimateSeconds(video!.params.parse({ processors: ["face_debugger"], ...params }), {
      target: [{ ...FILM, ...target }],
    });
  expect(seconds({}, { seconds: 20 })).toBeGreaterThan(1.8 * seconds({}));
  expect(seconds({ scale: 200 })).toBeGreaterThan(2 * seconds({}));
  expect(seconds({}, { width: 1920, height: 1080 })).toBeGreaterThan(1.5 * seconds({}));
  const two = [{ name: "face_swapper" as const }, { name: "face_enhancer" as const, blend: 80 }];
  expect(seconds({ processors: two })).toBeGreaterThan(1.3 * seconds({}));
});
