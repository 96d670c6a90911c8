/** The texts of `--help` of commands that work on the faces of pictures and videos. */

/** What they have in common. */
const SHARED = `      --faces <which>     largest, or all
      --face <n>          one face instead, 0 = the largest; of a video, in its first frame with a face
      --scale <percent>   of the result's size, 10 to 400 (100)
      --fps <n>           of a video: frames a second, 1 to 120 (its own)
      --poster <file>     of a video: writes a still picture, too, to a name that ends in .jpg
  -f, --force             overwrites the file if there is one
      --label             draws a sign that says "AI" into every picture
      --engine <name>     the engine (the first that offers the steps)
      --json              prints one JSON object on stdout, also for an error
  -q, --quiet             no progress
  -h, --help              this help
`;

/** Of commands after which somebody looks different. */
const CONSENT = `      --consent <why>     why the people shown may be shown so: self, permission or public_domain (permission)
`;
const TARGET = `JPEG, PNG, HEIC, AVIF, WebP, TIFF, BMP or GIF; MP4, MOV, MKV, WebM or AVI of at most 1920 × 1080
pixels and 5 minutes`;

const FACES = `Draws which faces are found in a picture or a video, and what is known of them. Needs no server and no network.

Usage: smileloop faces <photo or video> [options]

<photo or video> is a file: JPEG, PNG, HEIC, AVIF, WebP, TIFF, BMP or GIF; MP4, MOV, MKV, WebM or AVI of at most 1920 × 1080
pixels and 5 minutes. Photos may also come through a pipe, or - for the standard input. Beside each box: the number of the
face, how sure the detector is of it (S), and how the head is turned (pitch, yaw, roll in degrees). Boxes are orange where a
face is covered or cut off.

Options:
      --items <name>      what is drawn: bounding-box, face-landmark-5, face-landmark-68, face-mask; may be repeated (all)
  -o, --output <file>     where the result goes (<name>-faces in this folder; .jpg or .png of a picture, .mp4 of a video)
${SHARED}`;

const SWAP = `Puts the face of one photo on the face of another photo or a video. Needs no server and no network. The result says in
its metadata that a machine made it.

Usage: smileloop swap <target> <source> [options]

<target> is the photo or video whose face is replaced: ${TARGET}.
<source> is a photo of the face that comes there; up to 8 photos of the same person may be given. It works best where both look the same
way in soft light, with bare foreheads and without glasses; what would look wrong is refused with the figure (docs/faces.md).

Options:
  -o, --output <file>     where the result goes (<target>-swap in this folder; .jpg or .png of a picture, .mp4 of a video)
${CONSENT}${SHARED}`;

const EDIT = `Moves brows, eyes, mouth and head of a face in a picture or a video. Needs no server and no network.

Usage: smileloop edit <photo or video> --smile 0.6 --head-yaw 0.2 [options]

<photo or video> is a file: ${TARGET}. Each movement goes from -1 to 1.

Movements:
      --smile <n>         1 smiles, -1 draws the corners of the mouth down
      --mouth-open <n>    1 parts the lips, -1 closes them
      --mouth-grim <n>    1 lips wide and drawn down, -1 lips pressed
      --mouth-pout <n>    1 lips come forward, -1 lips rolled in
      --mouth-purse <n>   1 a narrow mouth, -1 a wide one
      --mouth-x <n>       the mouth to the right of the picture, or to the left
      --mouth-y <n>       the mouth up, or down
      --eyes-open <n>     1 eyes wide, -1 eyes closed
      --gaze-x <n>        looks to the right of the picture, or to the left
      --gaze-y <n>        looks up, or down
      --brows <n>         brows up, or down
      --head-pitch <n>    the head up, or down; 1 is 8 degrees
      --head-yaw <n>      the head to the right of the picture, or to the left; 1 is 11 degrees
      --head-roll <n>     the head tilted clockwise, or the other way; 1 is 6 degrees

Options:
  -o, --output <file>     where the result goes (<name>-edit in this folder; .jpg or .png of a picture, .mp4 of a video)
${CONSENT}${SHARED}`;

const ENHANCE = `Makes soft faces clearer; with --scale above 100 the whole picture or video larger, with sharp edges. It invents nothing: what
blur has taken for good stays gone. Needs no server and no network.

Usage: smileloop enhance <photo or video> [--scale 200] [options]

<photo or video> is a file: ${TARGET}.

Options:
      --blend <n>         how much of it, 0 to 100 (80)
  -o, --output <file>     where the result goes (<name>-enhanced in this folder; .jpg or .png of a picture, .mp4 of a video)
${SHARED}`;

export const FACE_HELP = { faces: FACES, swap: SWAP, edit: EDIT, enhance: ENHANCE };
