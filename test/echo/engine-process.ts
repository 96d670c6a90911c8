/** The engine of `echo`, as plain as the protocol allows: `node engine-process.ts [--checks]`. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

type Message = {
  type: string;
  run: string;
  params: { word: string; pause_ms: number };
  inputs: { sound: { path: string; type: string }[] };
  outputs: { text: string };
  files: { text: string };
};

const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`);
const checks = process.argv.includes("--checks");
const kinds = ["echo"];
const offers = checks ? { kinds: [], checks: kinds } : { kinds, checks: [] };
say({ type: "ready", protocol: 2, engine: "echo", version: "1.0", ...offers, services: [] });

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line) as Message;
  if (message.type === "run") void run(message);
  if (message.type === "check") check(message);
}
process.exit(0);

function textFor({ params, inputs }: Message): string {
  const [sound] = inputs.sound;
  return `${params.word}: ${statSync(sound!.path).size} bytes of ${sound!.type}`;
}

function run(message: Message): void {
  const { run, params, outputs } = message;
  say({ type: "progress", run, stage: "listen", done: 1, total: 2 });
  setTimeout(() => {
    writeFileSync(outputs.text, textFor(message));
    say({ type: "done", run, result: { timings: {} } });
  }, params.pause_ms);
}

function check(message: Message): void {
  const found = readFileSync(message.files.text, "utf8");
  const good = { type: "done", result: { bytes: Buffer.byteLength(found), timings: {} } };
  const bad = { type: "failed", code: "check_unreadable", detail: "The text is not what was said." };
  say({ run: message.run, ...(found === textFor(message) ? good : bad) });
}
