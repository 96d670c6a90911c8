/** Files that were made to harm, or are simply not what they seem: a typed error of few words, or a result. */
import { AppError } from "@smileloop/core/errors.ts";
import { randomFrom } from "@smileloop/core/motion/random.ts";
import { describe, expect, test } from "vitest";
import { liveLinkCsv, mediaPipeResults, readDrivingFile, timecodes } from "../../../../test/support/driving-files.ts";

const MEGABYTE = "x".repeat(1024 * 1024);
const LONGEST_MESSAGE = 500;
const csv = liveLinkCsv(timecodes(50, 25));
const track = { fps: 25, samples: Array.from({ length: 50 }, (_, i) => Math.abs(Math.sin(i / 10))) };
const motion = { duration: 2, loop: false, faces: [{ channels: { jawOpen: track } }] };
const withTrack = (changed: object) => ({ ...motion, faces: [{ channels: { jawOpen: changed } }] });
const withScore = (categoryName: unknown, score: unknown) => [
  { faceBlendshapes: [{ categories: [{ categoryName, score }] }] },
];

async function failure(content: string | Uint8Array | object): Promise<{ code: string; message: string }> {
  const error = await readDrivingFile(content).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error(`no typed error: ${error}`, { cause: error });
  expect(error.message.length).toBeLessThanOrEqual(LONGEST_MESSAGE);
  return error;
}

test("of several faces in a Motion the first one is followed, with a warning", async () => {
  const { warnings } = await readDrivingFile({ ...motion, faces: [...motion.faces, { channels: {} }] });
  expect(warnings).toMatchObject([{ code: "driving_faces", detail: expect.stringMatching(/there are 2/) }]);
});

test("UTF-16 and byte order marks change nothing", async () => {
  for (const text of [csv, JSON.stringify(mediaPipeResults()), JSON.stringify(motion)]) {
    const plain = await readDrivingFile(text);
    const wide = Buffer.from(`\uFEFF${text}`, "utf16le");
    for (const bytes of [`\uFEFF${text}`, wide, Buffer.from(wide).swap16(), Buffer.from(text, "utf16le")]) {
      expect((await readDrivingFile(bytes)).motion).toEqual(plain.motion);
    }
  }
});

describe("numbers that mean something else", () => {
  test("decimal commas are refused with their line, and with what would help", async () => {
    const { code, message } = await failure(
      liveLinkCsv(timecodes(50, 25), (value) => value.toFixed(4).replace(".", ",")),
    );
    expect(code).toBe("input_unreadable");
    expect(message).toMatch(/line 2 has 14 values where there are 8 columns\. .*decimal commas.*decimal points/);
  });

  test("empty cells at the end of lines do not matter", async () => {
    const padded = csv.replaceAll("\r\n", ",,\r\n");
    expect((await readDrivingFile(padded)).motion).toEqual((await readDrivingFile(csv)).motion);
  });

  test.each<[what: string, content: string | object, is: RegExp]>([
    [
      "percents",
      liveLinkCsv(timecodes(50, 25), (value) => (value * 100).toFixed(1)),
      /line \d+, column jawopen: "\d.*0 to 1/,
    ],
    ["a huge score", withScore("jawOpen", 1e300), /the score 1e\+300 of "jawOpen" is not from 0 to 1/],
    [
      "a huge sample",
      withTrack({ ...track, samples: [0, 1e308, -1e308] }),
      /jawOpen\.samples\.1 is not right \(it is 1e\+308 and has to be a number from −1000 to 1000/,
    ],
  ])("%s are refused", async (_, content, is) => {
    expect(await failure(content)).toMatchObject({ code: "input_unreadable", message: expect.stringMatching(is) });
  });
});

describe("too much of something", () => {
  const many = <T>(value: T, count = 1_000_000): T[] => Array(count).fill(value);
  test.each<[what: string, content: () => string | object, is: RegExp]>([
    ["a name of a megabyte", () => withScore(MEGABYTE, "no score"), /the blendshape "x{59}… has no score/],
    ["a name that is an object", () => withScore({ a: many(1) }, 1), /the blendshape an object has no score/],
    ["a million blendshapes", () => [{ blendshapes: many({ name: "jawOpen", score: 1 }, 300) }], /300 blendshapes/],
    ["a field of a megabyte", () => ({ ...motion, [MEGABYTE]: 1 }), /the whole is not right \(unknown name .x/],
    ["a channel of a megabyte", () => ({ ...motion, faces: [{ channels: { [MEGABYTE]: track } }] }), /channels/],
    [
      "a million faces",
      () => ({ ...motion, faces: many({ channels: {} }, 20_000) }),
      /faces is not right .*20000 entries/,
    ],
    ["a million samples", () => withTrack({ ...track, samples: many("1") }), /1000000 entries; at most 15000/],
    [
      "a million keys",
      () => withTrack({ keys: many({ t: 0, v: 0 }, 1001) }),
      /jawOpen\.keys is not right .*at most 1000 items/,
    ],
    [
      "a million channels",
      () => ({ ...motion, faces: [{ channels: Object.fromEntries(many(1, 200).map((_, i) => [`c${i}`, track])) }] }),
      /200 entries; at most 100/,
    ],
    [
      "a large native track",
      () => ({ ...motion, native: { liveportrait: MEGABYTE } }),
      /native is not right .*262144 bytes/,
    ],
    [
      "many native tracks",
      () => ({ ...motion, native: Object.fromEntries(many(1, 9).map((_, i) => [`e${i}`, 1])) }),
      /At most 8 engines/,
    ],
    ["a deep nest", () => "[".repeat(120_000), /nested 120000 deep; at most 64/],
    ["a deep nest in a Motion", () => ({ ...motion, faces: [[[[[[[[[[1]]]]]]]]]] }), /nested more than 8 deep/],
    ["a long line", () => `Timecode,${"a,".repeat(500_000)}\n`, /line 1 has more than 16384 characters/],
    ["many columns", () => `Timecode,${"a,".repeat(600)}\n`, /more than 500 columns/],
    ["a million lines", () => `${csv}${"\n".repeat(1_000_000)}`, /more than 100000 lines/],
    [
      "a cell of a line's length",
      () => csv.replace("14:03:52:03", "9".repeat(9999)),
      /line 5: "9{59}… is not a timecode/,
    ],
  ])("%s", async (_, content, is) => {
    expect(await failure(content())).toMatchObject({ code: "input_unreadable", message: expect.stringMatching(is) });
  });

  test("millions of values are not even parsed", async () => {
    expect(await failure(`[${"[],".repeat(1_500_000)}[]]`)).toMatchObject({
      code: "input_too_large",
      message: expect.stringMatching(/has some 3\d{6} values; at most 2000000/),
    });
  });

  test("odd names of JavaScript are names like others", async () => {
    for (const name of ["__proto__", "constructor", "toString"]) {
      const text = JSON.stringify({ ...motion, faces: [{ channels: { ODD: track } }] }).replace("ODD", name);
      expect((await failure(text)).code).toBe("input_unreadable");
      expect((await failure(`{"duration":1,"loop":true,"faces":{"${name}":1}}`)).code).toBe("input_unreadable");
      expect((await failure(`[{"blendshapes":{"${name}":1}}]`)).code).toBe("input_unreadable");
    }
  });
});

describe("changed at random, a file is read or refused in few words", () => {
  test.each<[what: string, text: string]>([
    ["a take of Live Link Face", csv],
    ["results of MediaPipe", JSON.stringify(mediaPipeResults())],
    ["a Motion", JSON.stringify({ ...motion, native: { liveportrait: { file: "x" } } })],
  ])("%s", async (_, text) => {
    const random = randomFrom(7);
    for (let round = 0; round < 150; round++) {
      const changed = mutated(Buffer.from(text), random);
      const outcome = await readDrivingFile(changed).catch((error: unknown) => error);
      if (!(outcome instanceof Error)) continue;
      expect(outcome, `round ${round}: ${outcome.stack}`).toBeInstanceOf(AppError);
      expect(outcome.message.length, outcome.message).toBeLessThanOrEqual(LONGEST_MESSAGE);
    }
  });
});

const PIECES = [
  ...["", ",", '"', "[", "]", "{", "}", ":", "\n", "\r", "\0", "\uFEFF", "null", "true", "-", "1e999", "-1e308"],
  ...[
    '{"toString":1}',
    '{"__proto__":{}}',
    "[[[[",
    "NaN",
    "99:99:99:99",
    "é",
    "\u0007",
    "x".repeat(5000),
    ",".repeat(700),
  ],
];

/** One to three places cut out, doubled or replaced by something odd. */
function mutated(bytes: Buffer, random: () => number): Buffer {
  let out = bytes;
  for (let times = 1 + Math.floor(random() * 3); times > 0; times--) {
    const at = Math.floor(random() * out.length);
    const end = Math.min(out.length, at + Math.floor(random() ** 4 * 200));
    const piece = Buffer.from(PIECES[Math.floor(random() * PIECES.length)]!);
    const middle = random() < 0.2 ? Buffer.concat([out.subarray(at, end), out.subarray(at, end)]) : piece;
    out = Buffer.concat([out.subarray(0, at), middle, out.subarray(end)]);
  }
  return out;
}
