/** eSpeak's own signs for sounds, which it takes between `[[` and `]]`, of the signs of the IPA. */
import { AppError } from "@smileloop/core/errors.ts";
import { shown } from "@smileloop/core/text.ts";

/** Those that nearly all of its languages know (docs/phonemes.md of eSpeak NG); what they lack is said by a sound that is near. */
const SIGNS: ReadonlyArray<readonly [ipa: string, sign: string]> = [
  ...pairs("tʃ tS,t͡ʃ tS,tɕ tS,dʒ dZ,d͡ʒ dZ,dʑ dZ,ts ts,t͡s ts,dz dz,d͡z dz"),
  ...pairs("aɪ aI,aʊ aU,eɪ eI,oʊ oU,əʊ oU,ɔɪ OI"),
  ...pairs("iː i:,uː u:,ɑː A:,aː a:,ɔː O:,eː e:,oː o:,ɜː 3:,ɝ 3:,ɚ @"),
  ...pairs("ɑ A:,a a,ɐ a,æ a,ʌ V,ɔ O,ɒ 0,o o,ɵ o,ɤ V,ə @,ɘ @,ɜ 3:,ɛ E,e e,œ W,ø Y,ɪ I,i i,ɨ i,y y,ʏ y,u u,ʉ u,ɯ u,ʊ U"),
  ...pairs(
    "p p,b b,t t,ʈ t.,d d,ɖ d.,k k,q k,c k,ɡ g,g g,ɢ g,ɟ dZ,ʔ ?,m m,ɱ m,n n,ɳ n.,ŋ N,ɴ N,ɲ n^,f f,ɸ f,v v,β v,ʋ v",
  ),
  ...pairs("θ T,ð D,s s,z z,ʃ S,ʂ s.,ɕ S,ʒ Z,ʐ Z,ʑ Z,ç C,x x,χ x,ɣ Q,ʁ r,ħ h,h h,ɦ h,ʕ ?,r r,ɹ r,ɻ r,ʀ r,ɾ *,ɽ *."),
  ...pairs("l l,ɭ l,ɫ l,ʎ l^,ɬ l,j j,ʝ j,w w,ʍ w,ɥ w,ɰ w"),
].sort(([a], [b]) => b.length - a.length);
const LEFT_OUT = /[ːˑ.‿|ʰʱʲʷˠˤ\u02e5-\u02e9\s_0-9-]|\p{M}/u;

function pairs(list: string): Array<readonly [string, string]> {
  return list.split(",").map((entry) => {
    const [ipa = "", sign = ""] = entry.split(" ");
    return [ipa.normalize("NFD"), sign] as const;
  });
}

/** `field`: what errors call the text. Throws `invalid_request` that names the sign which is not IPA. */
export function mnemonicsOf(ipa: string, field: string): string {
  let signs = "";
  const text = ipa.normalize("NFD");
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at);
    const char = String.fromCodePoint(rest.codePointAt(0)!);
    const found = SIGNS.find(([each]) => rest.startsWith(each));
    if (found) signs += found[1];
    else if (char === "ˈ") signs += "'";
    else if (char === "ˌ") signs += ",";
    else if (!LEFT_OUT.test(char)) {
      throw new AppError("invalid_request", `${field}: ${shown(char)} is not a sign of the IPA.`);
    }
    at += found ? found[0].length : char.length;
  }
  if (signs === "") throw new AppError("invalid_request", `${field}: ${shown(ipa)} has no sounds.`);
  return signs;
}
