/** A voice that tells the times of its phones: Debian's program flite (apt-get install flite). */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SpokenPhone } from "@smileloop/core/speech/spoken.ts";
import { soundOf } from "./sound.ts";

export type Said = { samples: Float32Array; spoken: { words: []; phones: SpokenPhone[] } };

/** CMU's phones in IPA; `pau` is a pause. */
const IPA: Readonly<Record<string, string>> = {
  ...{
    aa: "ɑ",
    ae: "æ",
    ah: "ʌ",
    ax: "ə",
    axr: "ɚ",
    ao: "ɔ",
    aw: "aʊ",
    ay: "aɪ",
    eh: "ɛ",
    er: "ɚ",
    ey: "eɪ",
    ih: "ɪ",
    ix: "ɪ",
  },
  ...{
    iy: "i",
    ow: "oʊ",
    oy: "ɔɪ",
    uh: "ʊ",
    uw: "u",
    b: "b",
    ch: "tʃ",
    d: "d",
    dh: "ð",
    dx: "ɾ",
    f: "f",
    g: "ɡ",
    hh: "h",
    hv: "h",
  },
  ...{
    jh: "dʒ",
    k: "k",
    l: "l",
    el: "l",
    m: "m",
    em: "m",
    n: "n",
    en: "n",
    ng: "ŋ",
    nx: "n",
    p: "p",
    r: "ɹ",
    s: "s",
    sh: "ʃ",
  },
  ...{ t: "t", th: "θ", v: "v", w: "w", y: "j", z: "z", zh: "ʒ", pau: "" },
};

/** Null where the program is not installed. */
export function flite(text: string): Said | null {
  const folder = mkdtempSync(join(tmpdir(), "flite-"));
  try {
    const path = join(folder, "said.wav");
    const ran = spawnSync("flite", ["-voice", "rms", "-psdur", "-t", text, "-o", path], { encoding: "utf8" });
    if (ran.status !== 0) return null;
    let at = 0;
    const phones = [...ran.stdout.matchAll(/([a-z]+):([\d.]+)/g)].map(([, phone, end]) => {
      const start = at;
      at = Number(end);
      return { phone: IPA[phone!] ?? "", start, end: at };
    });
    return { samples: soundOf(path, readFileSync(path)), spoken: { words: [], phones } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
