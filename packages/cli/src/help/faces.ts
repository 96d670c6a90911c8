/** The texts of `--help` of commands that work on the faces of pictures and videos. */

/** What they have in common. */
const SHARED = `      --faces <which>     largest, or all
      --face <n>          one face instead, 0 = the largest; of a video, in its first frame with a face
      --scale <percent>   of the result's size, 10 to 400 (100)
      --fps <n>           of a video: frames a second, 1 to 120 (its own)
      --poster <file>     of a video: writes a still picture, too, to a name that ends in .jpg
  -f, --force             overwrites the file if there is one
      --engine <name>     the engine (the first that offers the steps)
      --json              prints one JSON object on stdout, also for an error
  -q, --quiet             no progress
  -h, --help              this help
`;

export const FACES = `Draws which faces are found in a picture or a video, and what is known of them. Needs no server and no network.

Usage: smileloop faces <photo or video> [options]

<photo or video> is a file: JPEG, PNG, HEIC, AVIF, WebP, TIFF, BMP or GIF; MP4, MOV, MKV, WebM or AVI of at most 1920 × 1080
pixels and 5 minutes. Photos may also come through a pipe, or - for the standard input. Beside each box: the number of the
face, how sure the detector is of it (S), and how the head is turned (pitch, yaw, roll in degrees). Boxes are orange where a
face is covered or cut off.

Options:
      --items <name>      what is drawn: bounding-box, face-landmark-5, face-landmark-68, face-mask; may be repeated (all)
  -o, --output <file>     where the result goes (<name>-faces in this folder; .jpg or .png of a picture, .mp4 of a video)
${SHARED}`;
