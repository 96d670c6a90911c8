/** What is known of a voice before it says anything: for lists of voices, and for choosing one. */

/** `built_in`: comes with SmileLoop. `installed`: comes with an optional package. `operator`: speaks elsewhere, and the operator has set it up. */
export type VoiceSource = "built_in" | "installed" | "operator";

export type VoiceFacts = {
  name: string;
  title: string;
  /** BCP 47 tags, the usual one first. Empty: whatever language the text has. */
  languages: readonly string[];
  /** Null where it is not known. */
  gender: "female" | "male" | null;
  source: VoiceSource;
  /** A sentence in its language to try it with. */
  sample: string;
  /** Whether a job could use it now, as far as this installation knows. */
  available: boolean;
};

/** Whether a voice speaks a language that is asked for: `en` is spoken by voices for `en-US`, and `en-AU` by voices for `en`. */
export function speaksLanguage({ languages }: Pick<VoiceFacts, "languages">, asked: string): boolean {
  const wanted = asked.toLowerCase();
  return (
    languages.length === 0 ||
    languages.some((tag) => {
      const own = tag.toLowerCase();
      return own === wanted || own.startsWith(`${wanted}-`) || wanted.startsWith(`${own}-`);
    })
  );
}
