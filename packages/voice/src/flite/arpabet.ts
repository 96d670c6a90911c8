/** Phones of US English as flite names them (CMU's ARPAbet, lower case), and in IPA. */
import { AppError } from "@smileloop/core/errors.ts";
import { shown } from "@smileloop/core/text.ts";

const IPA: Readonly<Record<string, string>> = {
  ...{ aa: "ɑ", ae: "æ", ah: "ʌ", ao: "ɔ", aw: "aʊ", ax: "ə", axr: "ɚ", ay: "aɪ", eh: "ɛ", er: "ɝ", ey: "eɪ", ih: "ɪ" },
  ...{ iy: "i", ow: "oʊ", oy: "ɔɪ", uh: "ʊ", uw: "u", b: "b", ch: "tʃ", d: "d", dh: "ð", dx: "ɾ", f: "f", g: "ɡ" },
  ...{ hh: "h", jh: "dʒ", k: "k", l: "l", m: "m", n: "n", ng: "ŋ", p: "p", r: "ɹ", s: "s", sh: "ʃ", t: "t", th: "θ" },
  ...{ v: "v", w: "w", y: "j", z: "z", zh: "ʒ", pau: "", ssil: "", brth: "" },
};

/** An unknown name stands for itself. */
export function ipaOf(arpabet: string): string {
  return IPA[arpabet] ?? arpabet;
}

/** How English says the sounds of the IPA: its own, and for others what is nearest. */
const NEAREST: ReadonlyArray<readonly [ipa: string, arpabet: string]> = [
  ...pairs("tʃ ch,t͡ʃ ch,tɕ ch,ʈʂ ch,dʒ jh,d͡ʒ jh,dʑ jh,ɖʐ jh,ts t s,t͡s t s,dz d z,d͡z d z"),
  ...pairs(
    "aɪ ay,aj ay,aʊ aw,aw aw,eɪ ey,ej ey,oʊ ow,əʊ ow,ow ow,ɔɪ oy,oj oy,ɔj oy,ɛə eh r,ɪə ih r,ʊə uh r,iə iy ax,uə uw ax",
  ),
  ...pairs(
    "ɑ aa,a aa,ɐ ah,æ ae,ʌ ah,ɔ ao,ɒ aa,o ow,ɵ ow,ɤ ah,ə ax,ɘ ax,ɜ er,ɝ er,ɚ er,ɞ er,ɛ eh,e ey,œ er,ø er,ɪ ih,i iy,ɨ ih",
  ),
  ...pairs("y uw,ʏ uh,u uw,ʉ uw,ɯ uw,ʊ uh"),
  ...pairs(
    "p p,b b,t t,ʈ t,d d,ɖ d,k k,q k,c k,ɡ g,g g,ɢ g,ɟ jh,ʔ ,m m,ɱ m,n n,ɳ n,ŋ ng,ɴ ng,ɲ n y,f f,ɸ f,v v,β v,ʋ v,θ th,ð dh",
  ),
  ...pairs("s s,z z,ʃ sh,ʂ sh,ɕ sh,ʒ zh,ʐ zh,ʑ zh,ç hh,x k,χ k,ɣ g,ʁ r,ħ hh,h hh,ɦ hh,ʕ ,r r,ɹ r,ɻ r,ʀ r,ɾ dx,ɽ d"),
  ...pairs("l l,ɭ l,ɫ l,ʟ l,ʎ l y,ɬ l,ɮ l,j y,ʝ y,w w,ʍ w,ɥ w,ɰ w"),
  // longer signs before their parts
].sort(([a], [b]) => b.length - a.length);
const VOWEL = /^[aeiou]/;
/** Length, tone, syllables, ties, breath: what English has no sign for. */
const LEFT_OUT = /[ːˑ.‿|ʰʱʲʷˠˤ\u02e5-\u02e9\s_0-9-]|\p{M}/u;

function pairs(list: string): Array<readonly [string, string]> {
  return list.split(",").map((entry) => {
    const [ipa = "", ...phones] = entry.split(" ");
    return [ipa.normalize("NFD"), phones.join(" ").trim()] as const;
  });
}

/** `field`: what errors call the text. Throws `invalid_request` that names the sign which is not IPA. */
export function arpabetOf(ipa: string, field: string): string[] {
  const phones: string[] = [];
  let stress = "";
  const text = ipa.normalize("NFD");
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const sign = String.fromCodePoint(rest.codePointAt(0)!);
    const [found, said] = NEAREST.find(([each]) => rest.startsWith(each)) ?? [];
    if (found !== undefined && said !== undefined) {
      for (const phone of said.split(" ").filter((each) => each !== "")) {
        phones.push(VOWEL.test(phone) ? `${phone}${stress || "0"}` : phone);
        if (VOWEL.test(phone)) stress = "";
      }
      at += found.length;
      continue;
    }
    if (sign === "ˈ" || sign === "'") stress = "1";
    else if (sign !== "ˌ" && !LEFT_OUT.test(sign)) {
      throw new AppError("invalid_request", `${field}: ${shown(sign)} is not a sign of the IPA.`);
    }
    at += sign.length;
  }
  if (phones.length === 0) throw new AppError("invalid_request", `${field}: ${shown(ipa)} has no sounds.`);
  return withStress(phones);
}

/** Each word has a stressed vowel. */
function withStress(phones: string[]): string[] {
  const first = phones.findIndex((phone) => /\d$/.test(phone));
  if (first < 0 || phones.some((phone) => phone.endsWith("1"))) return phones;
  return phones.map((phone, nth) => (nth === first ? phone.replace(/\d$/, "1") : phone));
}
