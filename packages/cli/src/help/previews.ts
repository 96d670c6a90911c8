/** The text of `smileloop previews --help`. */
export const PREVIEWS = `Makes a small clip of a photo for each preset, to choose by. Needs no server and no network.

Usage: smileloop previews <photo> [options]

<photo> is a file, a pipe, or - for the standard input: JPEG, PNG, HEIC, AVIF, WebP, TIFF, BMP or GIF. The photo is opened once,
so that all of them take about a third of the time of single clips.

Options:
  -o, --output <folder>   where the clips go, as <preset>.mp4; made if it is missing (<photo>-previews in this folder)
  -p, --preset <name>     one of the presets, see smileloop presets; may be repeated (all)
      --size <n>          side of the clips, 128 to 384 pixels, even (256)
      --face <n>          which face, 0 = the largest (0)
      --seed <n>          which variation of the motions, 0 = as written (random, and printed): animate makes the same of it
  -f, --force             overwrites files if there are any
      --label             draws a sign that says "AI" into every picture
      --engine <name>     the engine (warp)
      --json              prints one JSON object on stdout, also for an error
  -q, --quiet             no progress
  -h, --help              this help
`;
