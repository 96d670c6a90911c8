/** How the words of a name are said, from one cell: IPA between slashes, or a respelling. */
import { pronounceParam } from "../kinds/voice-params.ts";

type Pronounced = { words: Record<string, string>; fault: null } | { words: null; fault: string };

/** By word, as the param `pronounce` has it. A cell for a name of several words has as many words, or it cannot be told which is which. */
export function pronounceOf(name: string, cell: string): Pronounced {
  const names = name.split(/\s+/);
  const [, ipa] = /^\/(.*)\/$/su.exec(cell) ?? [];
  const said = (ipa ?? cell).trim().split(/\s+/);
  const slashed = (text: string) => (ipa === undefined ? text : `/${text}/`);
  if (names.length > 1 && names.length !== said.length) {
    const fault = `has ${said.length} ${said.length === 1 ? "word" : "words"} for a name of ${names.length}: give one for each, with spaces between them`;
    return { words: null, fault };
  }
  const pairs =
    names.length === 1 ? [[name, slashed(said.join(" "))]] : names.map((word, n) => [word, slashed(said[n]!)]);
  const parsed = pronounceParam.safeParse(Object.fromEntries(pairs));
  const fault = parsed.error?.issues[0]?.message ?? (/[\p{L}\p{N}]/u.test(cell) ? null : "says nothing");
  return fault === null ? { words: parsed.data ?? {}, fault } : { words: null, fault };
}
