/** The text of `smileloop convert --help`. */
export const CONVERT = `Makes an MP4 of a video that plays everywhere: H.264 and AAC, upright, ready to be streamed. Needs no server and no network.

Usage: smileloop convert <video> [options]

<video> is a file, a pipe, or - for the standard input: MP4, MOV, MKV, WebM or AVI of at most 1920 × 1080 pixels and 5 minutes.
Its frames keep their times. Where it was taken, and with what, is not kept.

Options:
  -o, --output <file>     where the MP4 goes (<video>-converted.mp4 in this folder)
      --crf <n>           quality, 0 to 51: less is better and larger (20)
      --preset <name>     of x264: ultrafast, superfast, veryfast, faster, fast, medium, slow, slower or veryslow (medium)
      --audio-bitrate <n> of the sound, 32k to 512k (160k)
      --poster <file>     writes a still picture of the video, too, to a name that ends in .jpg
  -f, --force             overwrites the file if there is one
      --engine <name>     the engine (warp)
      --json              prints one JSON object on stdout, also for an error
  -q, --quiet             no progress
  -h, --help              this help
`;
