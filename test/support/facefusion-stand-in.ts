/**
 * What FACEFUSION_PYTHON may name instead of a Python with FaceFusion: `facefusion.py --version`, `facefusion.py headless-run …`. It takes and
 * refuses arguments, keeps its jobs and temporary files, draws bars and ends as FaceFusion 3.8 does. `stand-in.json` in the installation
 * says how it behaves.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Behaviour } from "./facefusion.ts";

const settings = JSON.parse(readFileSync("stand-in.json", "utf8")) as Behaviour;
const percent = "[0..100:1]";
const shift = "[-1.0..1.0:0.05]";
const share = "[0.0..1.0:0.05]";
const scales = `{${Array.from({ length: 32 }, (_, n) => ((n + 1) / 4).toString().replace(/^\d+$/, "$&.0")).join()}}`;
const EDITS = ["eyebrow-direction", "eye-gaze-horizontal", "eye-gaze-vertical", "eye-open-ratio", "lip-open-ratio"];
EDITS.push("mouth-grim", "mouth-pout", "mouth-purse", "mouth-smile", "mouth-position-horizontal");
EDITS.push("mouth-position-vertical", "head-pitch", "head-yaw", "head-roll");

/** By name: what argparse prints behind it. */
const ALL: Record<string, string> = {
  ...{ "--config-path": "CONFIG_PATH", "--temp-path": "TEMP_PATH", "--jobs-path": "JOBS_PATH" },
  "--source-paths": "SOURCE_PATHS [SOURCE_PATHS ...]",
  ...{ "--target-path": "TARGET_PATH", "--output-path": "OUTPUT_PATH" },
  ...{ "--face-detector-model": "{many,retinaface,scrfd,yolo_face,yunet}", "--face-detector-score": share },
  ...{ "--face-selector-mode": "{many,one,reference}", "--face-selector-order": "{left-right,large-small}" },
  ...{ "--reference-face-position": "REFERENCE_FACE_POSITION", "--reference-frame-number": "REFERENCE_FRAME_NUMBER" },
  ...{ "--temp-frame-format": "{bmp,jpeg,png,tiff}", "--output-image-scale": scales, "--output-video-scale": scales },
  ...{ "--output-video-encoder": "{libx264,libx265}", "--output-video-quality": percent },
  "--processors": "PROCESSORS [PROCESSORS ...]   load processors (choices: face_swapper, face_editor, ...)",
  ...{ "--age-modifier-model": "{fran,styleganex_age}", "--age-modifier-direction": "[-100..100:1]" },
  ...{ "--deep-swapper-model": "{vendor/one_224,vendor/two_224}", "--deep-swapper-morph": percent },
  ...{
    "--face-debugger-items": "FACE_DEBUGGER_ITEMS [FACE_DEBUGGER_ITEMS ...]",
    "--face-editor-model": "{live_portrait}",
  },
  ...Object.fromEntries(EDITS.map((edit) => [`--face-editor-${edit}`, shift])),
  ...{ "--face-swapper-model": "{hyperswap_1a_256,inswapper_128}", "--face-swapper-weight": share },
  "--face-swapper-pixel-boost": "{256x256,512x512}",
  ...{ "--frame-enhancer-model": "{real_esrgan_x4}", "--frame-enhancer-blend": percent },
  ...{ "--lip-syncer-model": "{wav2lip_gan_96}", "--lip-syncer-weight": share },
  "--execution-providers":
    "EXECUTION_PROVIDERS [EXECUTION_PROVIDERS ...]   inference by different providers (choices: cpu, cuda, ...)",
  ...{ "--execution-thread-count": "[1..32:1]", "--video-memory-strategy": "{strict,moderate,tolerant}" },
  "--log-level": "{error,warn,info,debug}",
};
const flags = new Map(Object.entries(ALL).filter(([name]) => !settings.lacks?.includes(name)));

const [script, command, ...rest] = process.argv.slice(2);
if (script !== "facefusion.py" || !existsSync(script)) end(2, `can't open file '${script}'`);
if (command === "--version") print(`FaceFusion ${settings.version ?? "3.8.1"}`);
else if (rest[0] === "--help") print(help());
else await run(parsed(rest));

function help(): string {
  const lines = [...flags].map(([name, behind]) => `  ${name} ${behind}`);
  return ["usage: facefusion.py headless-run [-h]", "", "options:", "  -h, --help  show this", ...lines].join("\n");
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function end(code: number, why = ""): never {
  if (why) process.stderr.write(`${why}\n`);
  process.exit(code);
}

function parsed(args: string[]): Record<string, string[]> {
  const given: Record<string, string[]> = {};
  let flag = "";
  for (const arg of args) {
    if (!arg.startsWith("--")) given[flag]!.push(arg);
    else if (!flags.has(arg)) end(2, `facefusion.py: error: unrecognized arguments: ${arg}`);
    else {
      flag = arg;
      given[flag] = [];
    }
  }
  for (const [name, values] of Object.entries(given)) for (const value of values) check(name, value);
  return given;
}

function check(name: string, value: string): void {
  const behind = flags.get(name)!;
  const list = /^\{([^}]*)\}/.exec(behind)?.[1]?.split(",");
  const [, least, most, step] = (/^\[(.+)\.\.(.+):(.+)\]/.exec(behind) ?? []).map(Number);
  const by = (Number(value) - least!) / step!;
  const isWrong =
    step === undefined
      ? list && !list.includes(value)
      : Number(value) > most! || by < 0 || (by % 1 > 1e-6 && by % 1 < 1 - 1e-6);
  if (isWrong) end(2, `facefusion.py headless-run: error: argument ${name}: invalid choice: '${value}'`);
}

async function run(given: Record<string, string[]>): Promise<void> {
  const only = (name: string) => given[name]?.[0] ?? "";
  const [target, output] = [only("--target-path"), only("--output-path")];
  appendFileSync(
    "asked.jsonl",
    `${JSON.stringify({ cwd: process.cwd(), env: process.env, given, pid: process.pid })}\n`,
  );
  if (extname(target) !== extname(output)) end(1, "[FACEFUSION.CORE] match the target and output extension!");
  // a job is called after the second in which it starts
  const job = join(only("--jobs-path"), "headless-2026-11-30-12-00-00.json");
  if (existsSync(job)) end(1, "[FACEFUSION.CORE] creating the job failed");
  writeFileSync(job, "{}");
  process.stderr.write("[FACEFUSION.CORE] processing step 1 of 1\n");
  const temp = join(only("--temp-path"), "facefusion", basename(target));
  mkdirSync(temp, { recursive: true });
  if (existsSync(join(temp, "frame.png"))) end(1, "[FACEFUSION.CORE] frames of another job failed");
  writeFileSync(join(temp, "frame.png"), readFileSync(target));
  await behave(settings.behaves ?? "well");
  bar("analysing", 100);
  bar("processing", 50);
  await make(given, join(temp, "frame.png"), output);
  bar("processing", 100);
  process.stderr.write("\n[FACEFUSION.TO_IMAGE] processing to image succeeded in 1.2 seconds\n");
}

function bar(name: string, at: number): void {
  process.stderr.write(`\r${name}: ${String(at).padStart(3)}%|====      | 8/20 [00:03<00:05, 4.1frame/s]`);
}

async function behave(how: NonNullable<Behaviour["behaves"]>): Promise<void> {
  const wait = () => sleep(600_000);
  if (how === "leaves_nothing") {
    bar("processing", 10);
    end(0);
  }
  // its own check
  if (how === "refuses") {
    bar("analysing", 100);
    end(settings.code ?? 1);
  }
  if (how === "sees_no_source") end(1, "[FACEFUSION.FACE_SWAPPER] no source face detected!");
  if (how === "fails") end(1, "[FACEFUSION.CORE] processing to image failed");
  if (how === "crashes") process.kill(process.pid, "SIGKILL");
  if (how === "shouts") for (let n = 0; n < 400; n++) process.stderr.write("x".repeat(50_000));
  if (how === "hangs") process.on("SIGINT", () => end(0));
  if (how === "is_deaf") process.on("SIGINT", () => {});
  if (how === "fetches") {
    bar("downloading", 0);
    process.on("SIGINT", () => end(0));
  }
  if (["hangs", "is_deaf", "fetches", "crashes"].includes(how)) {
    bar("processing", 10);
    writeFileSync("hangs", String(process.pid));
    await wait();
  }
}

/** The middle of each picture becomes that of the source; what is not a picture of ours comes back with the source behind it. */
async function make(given: Record<string, string[]>, frame: string, output: string): Promise<void> {
  const [source] = given["--source-paths"] ?? [];
  if (extname(output) === ".mp4") {
    const { paintFilm } = await import("./facefusion-film.ts");
    return paintFilm(given["--target-path"]![0]!, output, settings.paints !== false);
  }
  const bytes = readFileSync(frame);
  if (bytes[0] !== 0x89) return writeFileSync(output, Buffer.concat([bytes, readFileSync(source!)]));
  const { default: sharp } = await import("sharp");
  const { width, height } = await sharp(bytes).metadata();
  const by = Number(given["--output-image-scale"]![0]);
  const part = { width: Math.round(width / 4), height: Math.round(height / 4) };
  const face = source
    ? await sharp(source)
        .resize({ ...part, fit: "fill" })
        .toBuffer()
    : null;
  const grey = { create: { ...part, channels: 3 as const, background: "#405060" } };
  const painted = settings.paints === false ? sharp(bytes) : sharp(bytes).composite([{ input: face ?? grey }]);
  const whole = await painted.png().toBuffer();
  await sharp(whole)
    .resize({ width: Math.round(width * by), height: Math.round(height * by), fit: "fill" })
    .toFile(output);
}
