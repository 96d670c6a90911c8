/**
 * Which of a sentence's phones belong to which word. flite tells phones and their ends, but not where words begin: each word's phones
 * when it stands alone are aligned with those of the sentence, which differ where words touch.
 */

const SAME = 0;
const RELATED = 0.6;
const OTHER = 1.2;
const SKIP = 1;
const VOWEL = /^[aeiou]/;

/** For each phone of the sentence (pauses left out) the number of its word. Empty words get none. */
export function wordsOfPhones(sentence: readonly string[], words: readonly (readonly string[])[]): number[] {
  const alone = words.flatMap((phones, word) => phones.map((phone) => ({ phone, word })));
  const width = alone.length + 1;
  const cost = new Float64Array((sentence.length + 1) * width);
  for (let i = 0; i <= sentence.length; i++) {
    for (let j = 0; j <= alone.length; j++) {
      if (i === 0 || j === 0) cost[i * width + j] = (i + j) * SKIP;
      else
        cost[i * width + j] = Math.min(...movesTo(cost, width, i, j, distance(sentence[i - 1]!, alone[j - 1]!.phone)));
    }
  }
  const found = new Array<number>(sentence.length).fill(-1);
  for (let i = sentence.length, j = alone.length; i > 0 && j > 0; ) {
    const moves = movesTo(cost, width, i, j, distance(sentence[i - 1]!, alone[j - 1]!.phone));
    const best = moves.indexOf(Math.min(...moves));
    if (best === 0) found[i - 1] = alone[j - 1]!.word;
    if (best !== 2) i--;
    if (best !== 1) j--;
  }
  return filled(found);
}

function movesTo(cost: Float64Array, width: number, i: number, j: number, same: number): [number, number, number] {
  const at = i * width + j;
  return [cost[at - width - 1]! + same, cost[at - width]! + SKIP, cost[at - 1]! + SKIP];
}

function distance(a: string, b: string): number {
  if (a === b) return SAME;
  return VOWEL.test(a) === VOWEL.test(b) ? RELATED : OTHER;
}

/** Phones that are in no word alone belong to the word before them; at the start, to the one after. */
function filled(words: number[]): number[] {
  const first = words.find((word) => word >= 0) ?? 0;
  let last = first;
  return words.map((word) => {
    if (word >= 0) last = word;
    return last;
  });
}
