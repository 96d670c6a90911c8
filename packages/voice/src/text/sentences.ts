/** A text in pieces that are said one at a time, so that a long one needs no more memory than a short one. */

/** `pause`: after it, seconds at the usual speed. */
export type Sentence = { text: string; pause: number };

const SENTENCE_PAUSE = 0.35;
const PARAGRAPH_PAUSE = 0.7;
/** Where a sentence that is too long was cut. */
const CUT_PAUSE = 0.12;
/** A full stop after these does not end a sentence. */
const SHORTENED =
  /(?:^|[\s("'])(?:\p{Lu}|Mr|Mrs|Ms|Mx|Dr|Prof|St|Sr|Jr|vs|etc|e\.g|i\.e|No|Nr|Mt|Rev|Gen|Col|Capt|Lt|Sgt|Gov|Sen|Rep|Hon|Ave|Blvd|approx|Mme|Mlle|Sra|Srta|Dra|z\.B|bzw|ca|usw|Hr|Fr)\.$/u;
/** Ends of sentences: where spaces follow, or in scripts without spaces. */
const ENDS = /(?<=[.!?…]["'”’»)\]]*)\s+(?=\S)|(?<=[।॥。！？؟۔।።؛][”’」』）]*)\s*(?=\S)/u;

export function sentencesOf(text: string, maxChars: number): Sentence[] {
  return text
    .split(/\n\s*\n|\r\n\s*\r\n/)
    .map((paragraph) => paragraph.replace(/\s+/g, " ").trim())
    .filter((paragraph) => paragraph !== "")
    .flatMap((paragraph) => {
      const sentences = joinedAgain(paragraph.split(ENDS)).flatMap((sentence) => cut(sentence, maxChars));
      return sentences.map((sentence, nth) =>
        nth === sentences.length - 1 ? { ...sentence, pause: PARAGRAPH_PAUSE } : sentence,
      );
    });
}

/** Without the ends that were none: `Dr. Smith`. */
function joinedAgain(parts: readonly string[]): string[] {
  const sentences: string[] = [];
  let open = "";
  for (const part of parts) {
    open = open === "" ? part : `${open} ${part}`;
    if (SHORTENED.test(open)) continue;
    sentences.push(open);
    open = "";
  }
  return open === "" ? sentences : [...sentences, open];
}

/** At commas where there are some, else between words, else anywhere. */
function cut(sentence: string, maxChars: number): Sentence[] {
  const parts: Sentence[] = [];
  let rest = sentence;
  while (rest.length > maxChars) {
    const head = rest.slice(0, maxChars);
    const comma = Math.max(...[",", ";", ":", "，", "、", "،"].map((sign) => head.lastIndexOf(sign)));
    const space = head.lastIndexOf(" ");
    const at = comma > maxChars / 3 ? comma + 1 : space > maxChars / 3 ? space : whole(rest, maxChars);
    parts.push({ text: rest.slice(0, at).trim(), pause: CUT_PAUSE });
    rest = rest.slice(at).trim();
  }
  return rest === "" ? parts : [...parts, { text: rest, pause: SENTENCE_PAUSE }];
}

/** Not between the halves of a character. */
function whole(text: string, at: number): number {
  return /[\udc00-\udfff]/.test(text[at] ?? "") ? at - 1 : at;
}
