/** A checkout of LivePortrait as far as the server looks at it, and a Python that runs a stand-in for its engine. */
import { chmodSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { PYTHON, STAND_IN } from "./python.ts";

const LOCK = new URL("../../gpu-container/weights.lock", import.meta.url);
const STUB = new URL("stub-engine.ts", import.meta.url).pathname;

/** Files of the right names and sizes, without a byte in them (sparse). Answers the folder. */
export function standInCheckout(root: string): string {
  const { files } = JSON.parse(readFileSync(LOCK, "utf8")) as { files: { name: string; bytes: number }[] };
  mkdirSync(join(root, "src"), { recursive: true });
  writeFileSync(join(root, "src", "live_portrait_wrapper.py"), "");
  for (const { name, bytes } of files) {
    const path = join(root, "pretrained_weights", name);
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    writeFileSync(path, "");
    truncateSync(path, bytes);
  }
  return root;
}

/**
 * What LIVEPORTRAIT_PYTHON may name instead of a Python with PyTorch: it runs the stand-in, written in Python or, where there is no
 * Python or `language` says so, in Node. `args` are the stand-in's.
 */
export function standInPython(path: string, args: string[] = [], language: "python" | "node" = "python"): string {
  const command =
    PYTHON === null || language === "node"
      ? [process.execPath, STUB, "--engine", "liveportrait", "--services", "", ...args]
      : [PYTHON, STAND_IN, ...args];
  const quoted = command.map((word) => `'${word}'`).join(" ");
  const probe = `echo '${JSON.stringify({ python: path, missing: [] })}'`;
  writeFileSync(path, `#!/bin/sh\nif [ "$1" = -c ]; then ${probe}; else exec ${quoted}; fi\n`);
  chmodSync(path, 0o755);
  return path;
}

/** A picture as the stand-in shows it: one frame of planar 4:2:0 (BT.709, limited range). Answers its option `--still`. */
export async function stillOf(picture: string, path: string): Promise<string[]> {
  const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const [luma, cb, cr] = [new Uint8Array(width * height), [] as number[], [] as number[]];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [r, g, b] = data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3) as unknown as [
        number,
        number,
        number,
      ];
      const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
      luma[y * width + x] = Math.round(16 + (light * 219) / 255);
      if (x % 2 === 1 || y % 2 === 1) continue;
      cb.push(Math.round(128 + ((b - light) * 224) / (255 * 1.8556)));
      cr.push(Math.round(128 + ((r - light) * 224) / (255 * 1.5748)));
    }
  }
  writeFileSync(path, Buffer.concat([luma, Uint8Array.from(cb), Uint8Array.from(cr)]));
  return ["--still", `${path}:${width}x${height}`];
}
