/** What no page, document or reply of this project says, because nobody can keep it. Each with sentences that it finds. */
export type Claim = { name: string; pattern: RegExp; examples: string[] };

export const CLAIMS: readonly Claim[] = [
  {
    name: "privacy or safety without a rest",
    pattern:
      /\b(100 ?%|completely|totally|perfectly|fully|absolutely) (private|secure|safe|anonymous|confidential)\b|100 ?% (privat|sicher|anonym)|(völlig|absolut|komplett) (privat|sicher|anonym)|(100 ?%|पूरी तरह) (निजी|सुरक्षित)|(100 ?%|تمامًا) (خاص|آمن)|(خاص|آمن) (تمامًا|100 ?%)/i,
    examples: [
      "Your photos are 100% private.",
      "Ihre Fotos sind völlig sicher.",
      "आपकी फ़ोटो पूरी तरह सुरक्षित हैं।",
      "صورك خاص تمامًا",
    ],
  },
  {
    name: "a law or a programme that nobody has certified",
    pattern:
      /\b(GDPR|AI[- ]Act|CCPA|HIPAA|C2PA)[- ](compliant|certified|conform\w*)|\bcompl(y|ies) with the (GDPR|AI Act)|(DSGVO|KI-VO|KI-Verordnung)[- ]?(konform|zertifiziert)|(GDPR|DSGVO)[- ]?(के अनुरूप|متوافق)|متوافق مع (GDPR|اللائحة)/i,
    examples: [
      "GDPR compliant",
      "It complies with the AI Act.",
      "C2PA certified",
      "DSGVO-konform",
      "GDPR के अनुरूप",
      "متوافق مع GDPR",
    ],
  },
  {
    name: "marks that stay whatever is done",
    pattern:
      /\b(marks?|watermarks?|labels?|signatures?|manifests?|they|it)\b[^.]{0,40}\b(can ?not|can't|never) be (removed|erased|stripped|forged)|\b(unremovable|irremovable|indelible|tamper-proof|unforgeable)\b|(unentfernbar|nicht entfernt werden kann|fälschungssicher)|हटाया नहीं जा सकता|لا يمكن (إزالت|حذف)/i,
    examples: [
      "The watermark cannot be removed.",
      "an indelible mark",
      "fälschungssicher",
      "इसे हटाया नहीं जा सकता",
      "لا يمكن إزالتها",
    ],
  },
  {
    name: "results that pass for real ones",
    pattern:
      /\bindistinguishable\b|\bcannot be told from (a )?real\b|\b(looks|look) (100 ?%|completely) real\b|ununterscheidbar|nicht von echten? .*zu unterscheiden|bring(s|t)? .{0,20}back to life|back from the dead|wieder zum Leben|असली से अलग नहीं|لا يمكن تمييزه/i,
    examples: [
      "indistinguishable from a film",
      "It brings your grandmother back to life.",
      "von echten nicht von echten Videos zu unterscheiden",
    ],
  },
  {
    name: "deletion at once and everywhere",
    pattern:
      /\b(immediately|instantly) (deleted|erased|removed)|\b(deleted|erased) (immediately|instantly|at once and for ever)|(sofort|unverzüglich) gelöscht|तुरंत (हटा|मिटा)|(تُحذف|يُحذف) فور/i,
    examples: ["Photos are deleted immediately.", "sofort gelöscht", "तुरंत हटा दी जाती हैं", "تُحذف فورًا"],
  },
  {
    name: "detection of other people's fakes",
    pattern:
      /\b(detects?|detector of|finds?|exposes?) (deep ?fakes?|fake videos?)|(erkennt|entlarvt) (Deepfakes?|Fälschungen)/i,
    examples: ["Detects deepfakes.", "erkennt Deepfakes"],
  },
  {
    name: "counters, hurry and praise that nobody has counted",
    pattern:
      /\b(trusted|loved|used) by (\d|thousands|millions)|\b\d[\d,.]*\+? (happy|satisfied) (users|customers)|\bonly \d+ (left|spots)|\boffer ends\b|(Tausende|Millionen) (zufriedene|Nutzer)|\bvon Tausenden\b/i,
    examples: ["Loved by millions", "10,000+ happy users", "Only 3 left", "Tausende zufriedene Kunden"],
  },
  {
    name: "somebody else's photo",
    pattern:
      /\banyone's (photo|picture|face)|\b(your ex|a celebrity|celebrities)\b|\bundress|\bnudif|das Foto (irgendwessen|deiner Ex)|\bohne (ihr|sein) Wissen\b/i,
    examples: ["Animate anyone's photo.", "Make your ex smile."],
  },
];

/** The claims that a text makes, with the sentence. */
export function claimsIn(text: string): { claim: string; where: string }[] {
  return CLAIMS.flatMap(({ name, pattern }) => {
    const found = pattern.exec(text);
    return found ? [{ claim: name, where: text.slice(Math.max(0, found.index - 60), found.index + 100).trim() }] : [];
  });
}
