import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { loadPresets, presetPeaks, presetSchema } from "./preset.ts";

type Draft = Record<string, unknown>;
const key = (t: number, v: number) => ({ t, v });
const draft = (changes: Draft = {}): Draft => ({
  name: "nod",
  title: "Nod",
  description: "A nod.",
  duration: 2,
  fps: 25,
  loop: true,
  channels: { headPitch: [key(0, 0), key(1, 8), key(2, 0)] },
  ...changes,
});
const pitch = (...keys: Draft[]) => draft({ channels: { headPitch: keys } });

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "smileloop-presets-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

test.each<[string, Draft, string]>([
  ["a first key that is not at rest", pitch(key(0, 1), key(2, 0)), "channels.headPitch"],
  ["a first key that is not at 0", pitch(key(0.5, 0), key(2, 0)), "channels.headPitch"],
  ["a loop that ends elsewhere", pitch(key(0, 0), key(2, 1)), "channels.headPitch"],
  ["keys out of order", pitch(key(0, 0), key(1, 2), key(1, 3), key(2, 0)), "channels.headPitch.2"],
  ["a key after the end", pitch(key(0, 0), key(3, 0)), "channels.headPitch.1"],
  ["a value beyond the limits", pitch(key(0, 0), key(1, 31), key(2, 0)), "channels.headPitch.1"],
  ["a single key", pitch(key(0, 0)), "channels.headPitch"],
  ["an unknown ease", pitch(key(0, 0), { t: 2, v: 0, ease: "bounce" }), "channels.headPitch.1.ease"],
  ["a name with capitals", draft({ name: "Nod" }), "name"],
  ["no title", draft({ title: "" }), "title"],
  ["too long a cycle", draft({ duration: 11 }), "duration"],
  ["too high a rate", draft({ fps: 61 }), "fps"],
])("%s is named with its place", (_, preset, place) => {
  const found = presetSchema.safeParse(preset).error?.issues.map((issue) => issue.path.join("."));
  expect(found).toContain(place);
});

test("unknown channels and members are refused", () => {
  expect(presetSchema.safeParse(draft({ channels: { wings: [key(0, 0), key(2, 0)] } })).success).toBe(false);
  expect(presetSchema.safeParse(draft({ author: "me" })).success).toBe(false);
});

test("a one-shot may end anywhere", () => {
  const preset = { ...pitch(key(0, 0), key(2, 5)), loop: false };
  expect(presetPeaks(presetSchema.parse(preset))).toEqual({ headPitch: 5 });
});

test("a folder's presets are read by name, the schema left out; a faulty file is named", () => {
  const write = (file: string, content: unknown) => writeFileSync(join(dir, file), JSON.stringify(content));
  write("nod.json", draft());
  write("bow.json", draft({ name: "bow" }));
  write("preset.schema.json", {});
  expect([...loadPresets(dir).keys()]).toEqual(["bow", "nod"]);
  write("other.json", draft());
  expect(() => loadPresets(dir)).toThrow(
    /other\.json is invalid: name: must be that of the file, 'other', got 'nod'\.$/,
  );
  write("bad.json", draft({ name: "bad", fps: 1 }));
  expect(() => loadPresets(dir)).toThrow(/bad\.json is invalid: fps: at least 10, got 1\.$/);
});

test.each<[string, string, string]>([
  [
    "broken JSON",
    '{\n  "name": "bad",\n}',
    "it is not valid JSON: Expected double-quoted property name in JSON, line 3 column 1",
  ],
  [
    "a word that is not JSON",
    '{\n  "name": "bad",\n  "loop": yes\n}',
    "it is not valid JSON: Unexpected token 'y', line 3 column 11",
  ],
  [
    "a comma too many",
    `{\n  "fps": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,]\n}`,
    "it is not valid JSON: Unexpected token ']', line 2 column 57",
  ],
  ["an empty file", "", "it is not valid JSON: Unexpected end of JSON input"],
  ["no object", "[]", "must be an object, got a list"],
  [
    "a channel that does not exist",
    JSON.stringify(draft({ channels: { smile: [key(0, 0), key(2, 0)] } })),
    "channels: unknown name 'smile' (did you mean mouthSmileLeft or mouthSmileRight?)",
  ],
  [
    "a value beyond the limits",
    JSON.stringify(draft({ channels: { mouthSmileLeft: [key(0, 0), key(1, 2), key(2, 0)] } })),
    "channels.mouthSmileLeft.1: between 0 and 1, got 2",
  ],
  ["much that is wrong", "{}", "name: is required; title: is required; description: is required; and 4 more"],
])("%s is told by the file and the place, in one line", (_, text, why) => {
  const path = join(dir, "bad.json");
  writeFileSync(path, text);
  const fault = expect(() => loadPresets(dir));
  fault.toThrow(AppError);
  fault.toThrow(`Preset ${path} is invalid: ${why}.`);
});

test("an operator's folder adds presets; a name that is taken, and a folder that is not there, are refused", () => {
  const own = join(dir, "own");
  mkdirSync(own);
  writeFileSync(join(dir, "nod.json"), JSON.stringify(draft()));
  writeFileSync(join(own, "bow.json"), JSON.stringify(draft({ name: "bow" })));
  expect([...loadPresets(dir, own).keys()]).toEqual(["bow", "nod"]);
  const twin = join(own, "nod.json");
  writeFileSync(twin, JSON.stringify(draft({ title: "Another" })));
  expect(() => loadPresets(dir, own)).toThrow(
    `Preset ${twin} is invalid: name: 'nod' is a built-in preset; choose another name, for the file, too.`,
  );
  expect(() => loadPresets(dir, join(dir, "none"))).toThrow(
    `The folder of presets ${join(dir, "none")} cannot be read (ENOENT). Set PRESETS_DIR to a folder that can be read.`,
  );
});
