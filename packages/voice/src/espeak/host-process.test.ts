/** Against programs that behave badly, so that nothing has to be installed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createEspeakHost, type EspeakHost } from "./host-process.ts";

const order = { voice: "x", rate: 160, pitch: 50, range: 50, text: "hello" };
const signal = new AbortController().signal;
let dir: string;
let hosts: EspeakHost[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "smileloop-espeak-"));
  hosts = [];
});
afterEach(() => {
  for (const host of hosts) host.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** `answer`: the body of a function of the order and of `reply(message, bytes)`. */
function hostThat(answer: string, limits: { timeoutMs?: number; maxBytes?: number } = {}): EspeakHost {
  const script = join(dir, "host.mjs");
  writeFileSync(
    script,
    `import { createInterface } from "node:readline";
     import { existsSync, writeFileSync } from "node:fs";
     const reply = (message, bytes) => {
       process.stdout.write(JSON.stringify(message) + "\\n");
       if (bytes) process.stdout.write(bytes);
     };
     console.log(JSON.stringify({ ready: true, hz: 22050 }));
     for await (const line of createInterface({ input: process.stdin })) {
       const order = JSON.parse(line);
       ${answer}
     }`,
  );
  const host = createEspeakHost({ script, ...limits });
  hosts.push(host);
  return host;
}
const good = `reply({ id: order.id, bytes: 4, hz: 22050, events: [["word", 0, 1, 5], ["phone", 3, "h"]] }, Buffer.from([1, 10, 2, 0]));`;

test("sound and times come back, one order after the other", async () => {
  const host = hostThat(good);
  const sounds = await Promise.all([host.say(order, signal), host.say(order, signal)]);
  for (const { pcm, hz, words, phones } of sounds) {
    expect([[...pcm], hz]).toEqual([[1, 10, 2, 0], 22_050]);
    expect([words, phones]).toEqual([[{ ms: 0, at: 0, length: 5 }], [{ ms: 3, ipa: "h" }]]);
  }
});

test("it gets no environment", async () => {
  const host = hostThat(`reply({ id: order.id, error: Object.keys(process.env).join() || "none" });`);
  await expect(host.say(order, signal)).rejects.toThrow("(none)");
});

test("one that crashes is an error, and is started again", async () => {
  const flag = JSON.stringify(join(dir, "crashed"));
  const host = hostThat(`if (!existsSync(${flag})) { writeFileSync(${flag}, ""); process.exit(3); } ${good}`);
  await expect(host.say(order, signal)).rejects.toMatchObject({
    code: "engine_failed",
    message: "eSpeak NG ended with 3.",
  });
  expect((await host.say(order, signal)).hz).toBe(22_050);
});

test("one that hangs is ended", async () => {
  const host = hostThat("", { timeoutMs: 1500 });
  await expect(host.say(order, signal)).rejects.toThrow("eSpeak NG took more than 1.5 s.");
});

test("one that says too much is ended", async () => {
  const host = hostThat(`reply({ id: order.id, bytes: 5000, hz: 22050, events: [] });`, { maxBytes: 4000 });
  await expect(host.say(order, signal)).rejects.toThrow("eSpeak NG says too much.");
});

test("one that says nonsense is ended", async () => {
  const host = hostThat(`process.stdout.write("nonsense\\n");`);
  await expect(host.say(order, signal)).rejects.toThrow("eSpeak NG says what cannot be read.");
});

test("an unknown voice is the asker's fault, and a stop ends at once", async () => {
  await expect(hostThat(`reply({ id: order.id, error: "voice" });`).say(order, signal)).rejects.toMatchObject({
    code: "invalid_request",
  });
  const controller = new AbortController();
  const saying = hostThat("").say(order, controller.signal);
  controller.abort(new Error("stopped"));
  await expect(saying).rejects.toThrow("stopped");
});
