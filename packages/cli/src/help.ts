/** The texts of `--help`. */
import { KEY, USER } from "./help/access.ts";
import { CONVERT } from "./help/convert.ts";
import { FACE_HELP } from "./help/faces.ts";
import { PERSONALIZE } from "./help/personalize.ts";
import { PREVIEWS } from "./help/previews.ts";
import { SPEAK } from "./help/speak.ts";
import { AUDIT, ERASE } from "./help/trust.ts";
import { VERIFY } from "./help/verify.ts";
import { WEBHOOKS } from "./help/webhooks.ts";

export const OVERVIEW = `Makes a portrait move.

Usage: smileloop <command> [options]

Commands:
  animate <photo>         makes a clip of a photo and a preset or a driving clip
  previews <photo>        makes a small clip of a photo for each preset, to choose by
  talk <photo> [sound]    makes a video of somebody who speaks, of a photo and a sound or a text
  lipsync <video> [sound] makes the person in a video say something else: a sound or a text
  personalize --video <file> --recipients <file>
                          makes a file for each person of a list, in which a video addresses them by name
  speak <text>            has a voice say a text, into a sound file
  voices                  lists the voices
  inspect <photo>         tells which faces a photo shows, and what would come of them
  verify <file>           tells whether a file was made here
  motion extract <clip>   reads how a face moves in a video, as a file that drives photos
  faces <photo or video>  draws which faces are found, and what is known of them
  swap <target> <source>  puts the face of one photo on the face of another photo or a video
  edit <photo or video>   moves brows, eyes, mouth and head of a face: --smile 0.6 --head-yaw 0.2
  enhance <photo or video>  makes soft faces clearer, and the whole larger with --scale
  convert <video>         makes an MP4 of a video that plays everywhere
  presets                 lists the presets
  serve                   starts the server (the same as npm start)
  webhooks replay|test|listen
                          sends events of a server again, tests a receiver, or receives events here
  audit check             tells whether the audit of a server is as it was written
  erase --yes             erases everything that a server keeps of you
  key [owner]             makes a key for the API
  user <name>             makes an entry for somebody who logs in with a password

Options:
  -h, --help        help, also for a command: smileloop animate --help
  -v, --version     the version

Exit codes: 0 done, 1 failed, 2 invalid command line, 130 stopped by Ctrl-C.
`;

const ANIMATE = `Makes a clip of a photo and a preset or a driving clip. Needs no server and no network.

Usage: smileloop animate <photo> [options]

<photo> is a file, a pipe, or - for the standard input: JPEG, PNG, HEIC, AVIF, WebP, TIFF, BMP or GIF, whatever its
name says.

Options:
  -p, --preset <name>     the motion, see smileloop presets (gentle_smile)
      --driving <file>    the motion of a face instead: a video (MP4, MOV, WebM), a CSV of Live Link Face,
                          MediaPipe's results or a motion.json; its first 10 s
  -o, --output <file>     where the clip goes; its ending says the format: .mp4, .gif, .webp or .webm
                          (<photo>-<preset>.mp4 in this folder)
      --format <name>     the format, where the output has no name: mp4, gif, webp or webm (mp4)
      --poster <file>     writes a still picture of the clip, too, to a name that ends in .jpg
  -f, --force             overwrites the file if there is one
      --size <size>       256, 512, 720 or 1024: a square around the face; source: the whole photo (source)
      --fps <n>           frames a second, 10 to 60 (25)
      --duration <s>      seconds, 1 to 10 (the preset's, or the driving clip's)
      --intensity <n>     how strongly it moves, 0 to 1.5 (1)
      --face <n>          which face, 0 = the largest (0)
      --faces all         all faces instead of one, each in its own time
      --seed <n>          which variation of the motion, 0 = as written (random, and printed)
      --label             draws a sign that says "AI" into every picture
      --engine <name>     the engine (warp)
      --json              prints one JSON object on stdout, also for an error
  -q, --quiet             no progress
  -h, --help              this help
`;

const TALK = `Makes a photo speak: from a sound, or from a text. Needs no server and no network.

Usage: smileloop talk <photo> <sound> [options]
       smileloop talk <photo> --text "Good morning!" [options]

<photo> and <sound> are files, pipes, or - for the standard input. The sound is a WAV, MP3, M4A, AAC, Ogg or FLAC file, or a
video with sound, of at most 5 minutes; it is heard in the video.

Options:
  -t, --text <text>       what is said, by a voice
      --voice <name>      the voice, see smileloop voices (the language's)
      --language <tag>    of the text, such as en, hi or pt-BR (by its script; English for Latin letters)
      --speed <n>         how fast the voice speaks, 0.5 to 2 (1)
      --pronounce <w=s>   how a word is said: a respelling, or IPA between slashes (Nguyen=/ŋwiən/); may be repeated
      --transcript <text> what is said in the sound, word by word: then the lips follow the words
  -o, --output <file>     where the video goes; its ending says the format: .mp4 or .webm
                          (<photo>-<sound>.mp4, or <photo>-talk.mp4 for a text)
      --format <name>     the format, where the output has no name: mp4 or webm (mp4)
      --poster <file>     writes a still picture of the video, too, to a name that ends in .jpg
  -f, --force             overwrites the file if there is one
      --size <size>       256, 512, 720 or 1024: a square around the face; source: the whole photo (512)
      --fps <n>           frames a second, 10 to 60 (25)
      --expression <name> a preset, whose mood lasts under the speech: alive, big_smile, flirt, gentle_smile, kiss, laugh,
                          look_around, nod, sad_to_smile, surprise or wink
      --intensity <n>     how strongly it moves, 0 to 1.5 (1)
      --face <n>          which face speaks, 0 = the largest (0)
      --faces all         the other faces move, too: they listen
      --seed <n>          which variation of the movements of head and eyes (random, and printed)
      --label             draws a sign that says "AI" into every picture
      --engine <name>     the engine (warp)
      --json              prints one JSON object on stdout, also for an error
  -q, --quiet             no progress
  -h, --help              this help
`;

const LIPSYNC = `Makes the person in a video say something else: from a sound, or from a text. Needs no server and no network.

Usage: smileloop lipsync <video> <sound> [options]
       smileloop lipsync <video> --text "Good morning!" [options]

<video> and <sound> are files, pipes, or - for the standard input. The video is an MP4, MOV, MKV, WebM or AVI of at most 1920 × 1080
pixels and 5 minutes, in which somebody speaks facing the camera: mouths are borrowed from the video itself. The sound is a
WAV, MP3, M4A, AAC, Ogg or FLAC file, or a video with sound.

Options:
  -t, --text <text>       what is said, by a voice
      --voice <name>      the voice, see smileloop voices (the language's)
      --language <tag>    of the text, such as en, hi or pt-BR (by its script; English for Latin letters)
      --speed <n>         how fast the voice speaks, 0.5 to 2 (1)
      --pronounce <w=s>   how a word is said: a respelling, or IPA between slashes (Nguyen=/ŋwiən/); may be repeated
      --transcript <text> what is said in the sound, word by word: then the lips follow the words
      --sync-mode <mode>  where video and sound differ in length (cut_off):
                          cut_off: both end with the shorter one; fade: the same, and the longer one fades out;
                          loop: the shorter one starts again; bounce: the video runs forwards and backwards under the sound;
                          silence: silence after the sound, or the last picture after the video;
                          remap: the video runs faster or slower
      --original-sound <how>  of the video: replace, or duck: low under the new one (replace)
  -o, --output <file>     where the video goes; its ending says the format: .mp4 or .webm
                          (<video>-<sound>.mp4, or <video>-lipsync.mp4 for a text)
      --format <name>     the format, where the output has no name: mp4 or webm (mp4)
      --poster <file>     writes a still picture of the video, too, to a name that ends in .jpg
  -f, --force             overwrites the file if there is one
      --intensity <n>     how far the mouth opens, 0 to 1.5 (1)
      --face <n>          which face speaks, 0 = the largest at the beginning (0)
      --faces speaking    the one whose mouth moves with the video's own sound
      --label             draws a sign that says "AI" into every picture
      --engine <name>     the engine (warp)
      --json              prints one JSON object on stdout, also for an error
  -q, --quiet             no progress
  -h, --help              this help
`;

const VOICES = `Lists the voices.

Usage: smileloop voices [options]

Options:
      --language <tag>    those that speak a language, such as hi or pt-BR
      --json              prints a JSON list: what GET /v1/voices answers
  -h, --help              this help
`;

const INSPECT = `Tells which faces a photo shows, how they are turned, how sharp they are, what hides them, and what would help, before
it is animated. Needs no server and no network.

Usage: smileloop inspect <photo> [options]

<photo> is a file, a pipe, or - for the standard input.

Options:
      --json              prints one JSON object on stdout, also of an error: what POST /v1/inspect answers
  -h, --help              this help
`;

const MOTION = `Reads how a face moves and writes it as a Motion: curves of ARKit channels, for --driving, for
jobs, and for other programs. Needs no server and no network.

Usage: smileloop motion extract <clip> [options]

<clip> is a video of a face (MP4, MOV, WebM; its first 60 s), a CSV of the app Live Link Face, or the results of
MediaPipe's FaceLandmarker as JSON.

Options:
  -o, --output <file>     where the Motion goes (<clip>.motion.json in this folder)
  -f, --force             overwrites the file if there is one
      --json              prints one JSON object on stdout, also for an error
  -q, --quiet             no progress
  -h, --help              this help
`;

const PRESETS = `Lists the presets.

Usage: smileloop presets [options]

Options:
      --json              prints a JSON list
  -h, --help              this help
`;

const SERVE = `Starts the server; Ctrl-C stops it. Settings are environment variables, most importantly:

  PORT        8000
  HOST        localhost (reachable from this machine only)
  DATA_DIR    .smileloop

Usage: smileloop serve

Options:
  -h, --help              this help
`;

export const HELP = {
  animate: ANIMATE,
  previews: PREVIEWS,
  talk: TALK,
  lipsync: LIPSYNC,
  personalize: PERSONALIZE,
  speak: SPEAK,
  voices: VOICES,
  inspect: INSPECT,
  verify: VERIFY,
  ...FACE_HELP,
  convert: CONVERT,
  motion: MOTION,
  presets: PRESETS,
  serve: SERVE,
  webhooks: WEBHOOKS,
  audit: AUDIT,
  erase: ERASE,
  key: KEY,
  user: USER,
};
export type CommandName = keyof typeof HELP;
