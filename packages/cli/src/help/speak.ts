/** The text of `smileloop speak --help`. */
export const SPEAK = `Has a voice say a text, and writes the sound. Needs no server and no network, unless the voice is elsewhere (docs/voices.md).

Usage: smileloop speak <text> [options]

<text> is what is said, or - for the standard input.

Options:
      --voice <name>      the voice, see smileloop voices (the language's)
      --language <tag>    of the text, such as en, hi or pt-BR (by its script; English for Latin letters)
      --speed <n>         how fast the voice speaks, 0.5 to 2 (1)
      --pronounce <w=s>   how a word is said: a respelling, or IPA between slashes (Nguyen=/ŋwiən/); may be repeated
  -o, --output <file>     where the sound goes; its ending says the format: .wav, .mp3 or .m4a
                          (speech.wav in this folder)
      --spoken <file>     writes the times of the words and sounds, too, to a name that ends in .json
  -f, --force             overwrites the file if there is one
      --json              prints one JSON object on stdout, also for an error
  -q, --quiet             no progress
  -h, --help              this help
`;
