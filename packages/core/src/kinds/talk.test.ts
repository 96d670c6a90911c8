import { expect, test } from "vitest";
import { fieldErrors } from "../errors/fields.ts";
import { presetSchema } from "../motion/preset.ts";
import { createKinds } from "./index.ts";

const smile = presetSchema.parse({
  ...{ name: "smile", title: "Smile", description: "A smile.", duration: 2, fps: 25, loop: true, channels: {} },
});
const kindsOf = (maxVideoSeconds?: number, queues?: string[]) =>
  createKinds({
    presets: new Map([["smile", smile]]),
    engines: {
      known: ["warp", "liveportrait"].map((name) => ({ name, kinds: ["talk"] })),
      serve: new Map([["talk", ["warp"]]]),
    },
    ...(maxVideoSeconds === undefined ? {} : { maxVideoSeconds }),
    ...(queues ? { queues: new Set(queues) } : {}),
  });
const talk = kindsOf().get("talk")!;
const faults = (params: unknown) => {
  const { error } = talk.params.safeParse(params);
  return error ? fieldErrors(error, ["body", "params"]) : [];
};

test("a text is all that is needed besides the picture", () => {
  expect(talk.params.parse({ text: " Hello " })).toEqual({
    ...{ text: "Hello", size: 512, fps: 25, intensity: 1, format: "mp4" },
  });
  expect(talk.conflicts({ text: "Hello" }, ["image"])).toEqual([]);
  expect(talk.conflicts({}, ["image", "audio"])).toEqual([]);
  expect(talk.slots.audio).toMatchObject({ files: { min: 0, max: 1 }, maxSeconds: 300 });
  expect(kindsOf(45).get("talk")!.slots.audio).toMatchObject({ maxSeconds: 45 });
});

test("with a sound the text is what is said in it, and no voice has a part in it", () => {
  expect(talk.conflicts({ text: "Hello", language: "en" }, ["image", "audio"])).toEqual([]);
  const both = talk.conflicts({ text: "Hello", voice: "rms", speed: 1 }, ["image", "audio"]);
  expect(both.map(({ loc }) => loc)).toEqual([
    ["params", "voice"],
    ["params", "speed"],
  ]);
  expect(talk.conflicts({ language: "en" }, ["image", "audio"])).toMatchObject([{ loc: ["params", "language"] }]);
});

test("an exact size is that of a number", () => {
  const exact = { text: "Hello", exact_size: true };
  expect(talk.conflicts({ ...exact, size: 1024 }, ["image"])).toEqual([]);
  expect(talk.conflicts({ ...exact, size: "source" }, ["image"])).toMatchObject([{ loc: ["params", "exact_size"] }]);
});

test("neither a text nor a sound is a fault of the text", () => {
  expect(talk.conflicts({}, ["image"])).toEqual([
    {
      loc: ["params", "text"],
      msg: "Give a text to be said, or a sound as the input 'audio'.",
      type: "invalid_value",
    },
  ]);
});

test.each<[string, string, RegExp]>([
  ["empty", "", /^must not be empty$/],
  ["of 100,000 characters", "a ".repeat(50_000), /^at most 6000 characters, got 100000$/],
  ["of emoji alone", "😀🎉 👍🏽!", /^has neither letters nor digits, so that there is nothing to say$/],
  ["of spaces", " \n\t ", /^is empty$/],
  ["with a control character", "Hello\u0007there", /^has a control character \(U\+0007\); leave it out$/],
  ["with half a character", "Hello \ud83d", /^has a control character \(U\+D83D\)/],
])("a text %s is refused, and says why", (_name, text, message) => {
  expect(faults({ text })).toMatchObject([
    { loc: ["body", "params", "text"], msg: expect.stringMatching(message) as string },
  ]);
});

test.each(["राम राम", "Здравствуйте", "你好", "مرحبا", "7", "José and 😀", "one\ntwo\tthree"])(
  "a text in any script is taken: %s",
  (text) => {
    expect(faults({ text })).toEqual([]);
  },
);

test.each<[string, unknown[], unknown[]]>([
  ["fps", [10, 25, 60], [9, 61, 25.5, "25"]],
  ["size", ["source", 256, 512, 720, 1024], [300, "512"]],
  ["speed", [0.5, 2], [0.4, 2.1, "1"]],
  ["intensity", [0, 1.5], [-0.1, 1.6]],
  ["language", ["en", "hi", "pt-BR", "cmn", "zh-Hant-TW"], ["english please", "", "e"]],
  ["voice", ["rms"], ["", "x".repeat(101)]],
  ["expression", ["smile"], ["grin", 3]],
  ["format", ["mp4", "webm"], ["gif", "webp", "avi"]],
  ["face", [0, 99], [-1, 0.5]],
  ["engine", ["warp"], ["magic"]],
])("limits of %s", (name, good, bad) => {
  for (const value of good) expect(faults({ text: "Hello", [name]: value })).toEqual([]);
  for (const value of bad) {
    expect(faults({ text: "Hello", [name]: value })[0]!.loc).toEqual(["body", "params", name]);
  }
});

test("a format without sound is refused because of that", () => {
  expect(faults({ text: "Hello", format: "gif" })[0]!.msg).toBe(
    "must be one of mp4, webm: a GIF has no sound, got 'gif'",
  );
});

test("of several faces one speaks", () => {
  expect(talk.params.parse({ text: "Hello", faces: "all", face: 1 })).toMatchObject({ faces: "all", face: 1 });
});

test("the length in the header decides how much work it is, and which queue", () => {
  const seconds = (params: object, length?: number) => {
    const audio = { type: "audio/wav", bytes: 1, ...(length === undefined ? {} : { seconds: length }) };
    return talk.estimateSeconds(talk.params.parse(params), length === 0 ? {} : { audio: [audio] });
  };
  expect(seconds({}, 60)).toBeGreaterThan(seconds({}, 10));
  expect(seconds({}, 36_000)).toBe(seconds({}, 300));
  expect(seconds({}, 10)).toBeGreaterThan(1);
  expect(seconds({ text: "Hello. ".repeat(100) }, 0)).toBeGreaterThan(seconds({ text: "Hello." }, 0));
  expect(seconds({ text: "Hello. ".repeat(100), speed: 2 }, 0)).toBeLessThan(
    seconds({ text: "Hello. ".repeat(100) }, 0),
  );
  expect(seconds({ size: 1024 }, 10)).toBeGreaterThan(seconds({ size: 512 }, 10));
  const { queueOf } = kindsOf(300, ["warp", "warp-long"]).get("talk")!;
  expect(queueOf("warp", seconds({}, 10))).toBe("warp");
  expect(queueOf("warp", seconds({ size: 1024 }, 300))).toBe("warp-long");
});
