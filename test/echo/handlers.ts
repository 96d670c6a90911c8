/** The handlers of `echo` and `echo_all`. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { timingsSchema } from "@smileloop/core/engine/protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import { fileOf } from "@smileloop/worker/job-io.ts";
import type { HandlerMaker } from "@smileloop/worker/kinds/handler.ts";
import { z } from "zod";
import type { EchoParams } from "./kinds.ts";

const runResult = z.strictObject({ timings: timingsSchema });
const checkResult = z.strictObject({ bytes: z.int(), timings: timingsSchema });

export const echoHandler: HandlerMaker = () => ({
  stages: () => ({ download: [0, 10], listen: [10, 80], check: [80, 95], upload: [95, 99] }),
  async run({ params }, io) {
    const [sound] = await io.timed("download", () => io.input("sound"));
    if (!sound) throw new AppError("invalid_request", "The job has no sound.");
    const text = join(io.dir, "text.txt");
    const told = { kind: "echo", inputs: { sound: [fileOf(sound)] }, params };
    const { provenance } = io;
    const run = { type: "run", ...told, outputs: { text }, provenance };
    await io.timed("listen", () => io.engine.request(run, { ...io.options("listen"), result: runResult }));
    const check = { type: "check", ...told, files: { text } };
    const { bytes } = await io.timed("check", () =>
      io.checker.request(check, { ...io.options("check"), result: checkResult }),
    );
    const output = await io.timed("upload", () => io.store("text", text, { type: "text/plain", bytes }));
    return { outputs: { text: output }, warnings: [] };
  },
});

const WORDS = ["one", "two", "three"];

export const echoAllHandler: HandlerMaker = () => ({
  async plan({ params }, ended, io) {
    const { word, pause_ms } = params as EchoParams;
    if (ended.length === 0) {
      const inputs = { sound: [{ input: "sound" }] };
      return { create: WORDS.map((each) => ({ kind: "echo", params: { word: `${word} ${each}`, pause_ms }, inputs })) };
    }
    const texts: string[] = [];
    for (const [n, child] of ended.entries()) {
      const output = child.outputs.text;
      if (!output) throw new AppError("engine_failed", `The echo ${n} has failed: ${child.error?.detail}`);
      texts.push(await readFile((await io.download(output, `text-${n}`)).path, "utf8"));
    }
    const path = join(io.dir, "texts.txt");
    await writeFile(path, `${texts.join("\n")}\n`);
    return { outputs: { texts: await io.store("texts", path, { type: "text/plain" }) }, warnings: [] };
  },
});
