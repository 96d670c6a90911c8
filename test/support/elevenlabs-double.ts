/** ElevenLabs' speech with times, on loopback: it knows some keys, and all voices of it sound like one of ours. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createVoices } from "@smileloop/voice/index.ts";
import { resampled } from "@smileloop/voice/resample.ts";

const RATE = 24_000;

export type ElevenLabsDouble = {
  url: string;
  /** Requests so far. */
  asked: { path: string; key: string; text: string; model: string }[];
  /** Answers this status to everybody. */
  broken: number | null;
  close(): Promise<void>;
};

export async function elevenLabsDouble(keys: readonly string[]): Promise<ElevenLabsDouble> {
  const voices = createVoices({ espeak: null, operator: { server: null, elevenlabs: null } });
  const voice = voices.list.find(({ name }) => name === "slt")!;
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { text, model_id: model } = JSON.parse(body) as { text: string; model_id: string };
    const key = String(request.headers["xi-api-key"]);
    double.asked.push({ path: new URL(request.url!, double.url).pathname, key, text, model });
    const status = double.broken ?? (keys.includes(key) ? 200 : 401);
    response.writeHead(status, { "content-type": "application/json" });
    // as servers do that repeat what they were sent
    if (status !== 200) return void response.end(JSON.stringify({ detail: { status: "invalid_api_key", key } }));
    const words = text.split(" ").map((word) => ({ written: word, said: word }));
    const said = await voice.say(words, { language: "en", speed: 1, signal: AbortSignal.timeout(60_000) });
    const samples = Int16Array.from(resampled(said.samples, said.rate, RATE), (sample) => 32_000 * sample);
    response.end(JSON.stringify({ audio_base64: Buffer.from(samples.buffer).toString("base64"), alignment: null }));
  });
  const double: ElevenLabsDouble = {
    ...{ url: "", asked: [], broken: null },
    close: async () => {
      voices.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  double.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return double;
}
