/** Voices elsewhere, played by a server on loopback that behaves well and badly. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AppError } from "@smileloop/core/errors.ts";
import { afterEach, describe, expect, test } from "vitest";
import { createVoices, keyedVoice } from "../index.ts";
import { type SaidText, sayText } from "../say.ts";

const KEY = "sk-very-secret-key";
const LIMITS = { connectMs: 5000, totalMs: 1500, bytes: 40_000 };

type Answer = (request: IncomingMessage, body: Record<string, unknown>, response: ServerResponse) => void;
type Seen = { path: string; headers: IncomingMessage["headers"]; body: Record<string, unknown> };

const closers: Array<() => void> = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(answer: Answer): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const body = JSON.parse(text) as Record<string, unknown>;
    seen.push({ path: request.url ?? "", headers: request.headers, body });
    answer(request, body, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** A WAV of a second at `rate`, and 16-bit samples of it. */
function pcm(rate: number): Buffer {
  const samples = Int16Array.from({ length: rate }, (_, n) => 8000 * Math.sin((2 * Math.PI * 200 * n) / rate));
  return Buffer.from(samples.buffer);
}
function wav(rate: number, data = pcm(rate)): Buffer {
  const head = Buffer.alloc(44);
  head.write("RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0", 0, "latin1");
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.write("\x02\0\x10\0data", 32, "latin1");
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}
const sendWav: Answer = (_request, _body, response) => {
  response.writeHead(200, { "content-type": "audio/wav" }).end(wav(8000));
};

type More = {
  fallback?: boolean;
  text?: string;
  speed?: number;
  pronounce?: Record<string, string>;
  limits?: typeof LIMITS;
};

async function say(voice: "nova" | "rachel", url: string, more: More = {}): Promise<SaidText> {
  const { fallback = false, text = "Hello there", speed = 1, pronounce, limits = LIMITS } = more;
  const voices = createVoices({
    espeak: null,
    operator: {
      server: { url, key: KEY, model: "a-model", voices: new Map([["nova", []]]) },
      elevenlabs: { url, key: KEY, model: "b-model", voices: new Map([["rachel", "21m00/x"]]) },
      limits,
    },
  });
  return sayText(
    { text, voice, speed, pronounce },
    {
      ...{ voices: voices.list, preferred: null, fallback, signal: AbortSignal.timeout(20_000), progress: () => {} },
      sink: { begin: async () => {}, write: async () => {} },
    },
  );
}

test("a server with OpenAI's API is asked for a WAV, with its key", async () => {
  const { url, seen } = await serve(sendWav);
  for (const base of [url, `${url}/v1/`]) {
    const said = await say("nova", base, { speed: 1.5, pronounce: { there: "THERE" } });
    expect(said).toMatchObject({ rate: 8000, spoken: null, voices: [{ name: "nova", language: "en" }], warnings: [] });
    expect(said.seconds).toBeGreaterThan(1);
  }
  for (const { path, headers, body } of seen) {
    expect([path, headers.authorization]).toEqual(["/v1/audio/speech", `Bearer ${KEY}`]);
    const input = "Hello THERE";
    expect(body).toEqual({ model: "a-model", voice: "nova", input, response_format: "wav", speed: 1.5 });
  }
});

test("a long text is asked for in parts, and any script at once", async () => {
  const { url, seen } = await serve(sendWav);
  const sentence = "This is नमस्ते 阮 one. ";
  await say("nova", url, { text: sentence.repeat(150) });
  expect(seen.every(({ body }) => String(body.input).length <= 2000)).toBe(true);
  expect(seen.map(({ body }) => body.input).join(" ")).toBe(sentence.repeat(150).trim());
});

test("ElevenLabs tells when its characters are heard, and so its words", async () => {
  const { url, seen } = await serve((_request, body, response) => {
    const characters = [...String(body.text)];
    const alignment = {
      characters,
      character_start_times_seconds: characters.map((_, n) => n * 0.1),
      character_end_times_seconds: characters.map((_, n) => (n + 1) * 0.1),
    };
    const reply = { audio_base64: pcm(24_000).toString("base64"), alignment, normalized_alignment: null };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(reply));
  });
  const { spoken, rate } = await say("rachel", url, { text: "Oh my, no", speed: 2, limits: { ...LIMITS, bytes: 1e6 } });
  expect(rate).toBe(24_000);
  const [first] = spoken!.words;
  const offset = first!.start;
  const times = spoken!.words.map(({ text, start, end }) => [text, start - offset, end - offset]);
  const near = (value: number) => expect.closeTo(value, 5);
  expect(times).toEqual([
    ["Oh", near(0), near(0.2)],
    ["my", near(0.3), near(0.6)],
    ["no", near(0.7), near(0.9)],
  ]);
  const { path, headers, body } = seen[0]!;
  expect([path, headers["xi-api-key"]]).toEqual([
    "/v1/text-to-speech/21m00%2Fx/with-timestamps?output_format=pcm_24000",
    KEY,
  ]);
  expect(body).toEqual({ text: "Oh my, no", model_id: "b-model", voice_settings: { speed: 1.2 } });
});

const status =
  (code: number): Answer =>
  (request, body, response) => {
    // as servers do that repeat what they were sent
    response.writeHead(code, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: `${request.headers.authorization ?? ""} ${JSON.stringify(body)}` }));
  };

test.each<[string, Answer, string]>([
  ["refuses the key", status(401), "it refused the key that this installation has for it (401)"],
  ["has had enough", status(429), "it has had too many requests, or its quota is used up (429)"],
  ["breaks", status(500), "it answered 500"],
  ["sends elsewhere", status(302), "it answered 302"],
  ["is slow", () => {}, "it took more than 1.5 s"],
  [
    "drips",
    (_, __, response) => void response.writeHead(200, { "content-type": "audio/wav" }).write("RIFF"),
    "it took more than 1.5 s",
  ],
  [
    "is cut off",
    (_, __, response) => {
      response.writeHead(200, { "content-type": "audio/wav", "content-length": "5000" });
      response.write(wav(8000).subarray(0, 1000), () => response.destroy());
    },
    /the connection failed|its answer was cut off/ as unknown as string,
  ],
  [
    "sends too much",
    (_, __, response) => void response.writeHead(200, { "content-type": "audio/wav" }).end(Buffer.alloc(50_000)),
    "its answer has more than",
  ],
  [
    "sends a page",
    (_, __, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<p>"),
    "the type text/html",
  ],
  [
    "sends an MP3",
    (_, __, response) => void response.writeHead(200, { "content-type": "audio/mpeg" }).end("x"),
    "the type audio/mpeg",
  ],
  [
    "sends nothing",
    (_, __, response) => void response.writeHead(200, { "content-type": "audio/wav" }).end(),
    "its answer was empty",
  ],
  [
    "sends no WAV",
    (_, __, response) => void response.writeHead(200, { "content-type": "audio/wav" }).end("RIFFsomething"),
    "is not a WAV file",
  ],
])("a server that %s is an error without the key or the text, or what came back", async (_, answer, why) => {
  const { url } = await serve(answer);
  const error = await say("nova", url).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AppError);
  const { code, message, stack, cause } = error as AppError;
  expect([code, message]).toEqual(["voice_unavailable", expect.stringMatching(/^The voice nova is not available: /)]);
  if (typeof why === "string") expect(message).toContain(why);
  else expect(message).toMatch(why);
  expect(`${message}${stack}${String(cause)}`).not.toMatch(/secret|Hello|127\.0\.0\.1/);
});

test.each<[string, Answer]>([
  ["nonsense", (_, __, response) => void response.writeHead(200, { "content-type": "application/json" }).end("{")],
  [
    "no sound",
    (_, __, response) =>
      void response.writeHead(200, { "content-type": "application/json" }).end('{"audio_base64":""}'),
  ],
])("ElevenLabs that answers %s is an error", async (_, answer) => {
  const { url } = await serve(answer);
  await expect(say("rachel", url)).rejects.toMatchObject({ code: "voice_unavailable" });
});

test("a voice of ours stands in only where that was asked for, and it is told", async () => {
  const { url } = await serve(status(429));
  await expect(say("nova", url)).rejects.toMatchObject({ code: "voice_unavailable" });
  const said = await say("nova", url, { fallback: true });
  expect(said.voices).toEqual([{ name: "rms", language: "en" }]);
  expect(said.warnings).toEqual([
    {
      code: "voice_replaced",
      detail: expect.stringMatching(/^The voice nova is not available: .*rms speaks instead\.$/),
    },
  ]);
});

test("no server at all", async () => {
  await expect(say("nova", "http://127.0.0.1:1")).rejects.toThrow("the connection failed (ECONNREFUSED)");
});

test("IPA is not for them, which is told", async () => {
  const { url, seen } = await serve(sendWav);
  const said = await say("nova", url, { pronounce: { Hello: "/həˈloʊ/" } });
  expect(said.warnings).toEqual([
    { code: "pronounce_ignored", detail: expect.stringContaining("nova takes respellings") },
  ]);
  expect(seen[0]!.body.input).toBe("Hello there");
});

describe("a voice of a client's own account", () => {
  const own = (url: string, key: string, model?: string) =>
    keyedVoice("elevenlabs:abc_DEF-1", { key, model }, { url, model: "b-model" })!;
  const speak = (url: string, key: string, model?: string) =>
    own(url, key, model).say([{ written: "Hello", said: "Hello" }], {
      ...{ language: "en", speed: 1, signal: AbortSignal.timeout(20_000) },
    });

  test("is asked with the client's key and model, where the operator says", async () => {
    const { url, seen } = await serve((_request, _body, response) => {
      const reply = { audio_base64: pcm(24_000).toString("base64"), alignment: null };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(reply));
    });
    await speak(url, "xi-one", "c-model");
    await speak(url, "xi-two");
    const path = "/v1/text-to-speech/abc_DEF-1/with-timestamps?output_format=pcm_24000";
    expect(seen.map(({ path, headers, body }) => [path, headers["xi-api-key"], body.model_id])).toEqual([
      [path, "xi-one", "c-model"],
      [path, "xi-two", "b-model"],
    ]);
  });

  test.each([
    [401, "service_failed", "refuses the key that came with the job"],
    [404, "service_failed", "has no such voice or model"],
    [429, "voice_unavailable", "too many requests"],
    [503, "voice_unavailable", "it answered 503"],
  ])(
    "%i: what the client has to put right is not tried again, and the key is in no error",
    async (code, error, why) => {
      const { url } = await serve(status(code));
      const thrown = await speak(url, KEY).catch((caught: unknown) => caught);
      expect(thrown).toMatchObject({ code: error, message: expect.stringContaining(why) as string });
      expect(`${(thrown as Error).message}${(thrown as Error).stack}`).not.toMatch(/secret|Hello|127\.0\.0\.1/);
    },
  );

  test.each(["elevenlabs:", "elevenlabs:..", "elevenlabs:a/b", "ElevenLabs:a", "others:a", "rachel"])(
    "%s is none",
    (name) => expect(keyedVoice(name, { key: KEY }, { url: "http://localhost", model: "m" })).toBeNull(),
  );
});
