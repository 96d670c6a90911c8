/**
 * Mouths that follow a sound, as the kind `lipsync` makes them follow it (`lip/`): real mouths of the same person and video, borrowed frame
 * by frame, as the steps before have left them.
 */
import { AppError, blaming, type Warning } from "@smileloop/core/errors.ts";
import { arrangeMotion, syncedTimes } from "@smileloop/core/speech/sync.ts";
import { faceAt } from "../face/face.ts";
import { type Followed, followMeshes, type MeshFollower } from "../lip/follow.ts";
import { lentBy, type Scene as Speaking, withMouth } from "../lip/lend.ts";
import { planLips } from "../lip/plan.ts";
import { warnOfDrawn, warnOfSeams } from "../lip/warnings.ts";
import { takeChanges, yuvOf } from "../media/yuv-changes.ts";
import type {
  Applied,
  Clip,
  Prepared,
  Processor,
  RgbFrame,
  Scene,
  SceneFace,
  Speech,
  StepContext,
} from "./processor.ts";

/** Share of the preparation that is done when all faces have been followed. */
const FOLLOWED = 0.7;

/** One who speaks. `nths`: by frame of the target, the frame of the plan that shows it. */
type Speaker = Speaking & { nths: ReadonlyMap<number, number> };
/** By track: who speaks, or why not. */
type Speakers = ReadonlyMap<number, Speaker | AppError>;

/**
 * Throws `invalid_request` without a sound, and where nobody can speak what `lip/` throws: `face_too_small`, `face_turned_away`,
 * `mouth_not_seen`. Codes of what is said: `mouth_drawn`, `seam_visible`, and of faces that are left `mouth_covered`, `face_left_alone`.
 */
export const lipSyncer: Processor<"lip_syncer"> = {
  name: "lip_syncer",
  quality: "classical",
  unused: {
    model: "mouths of the video itself are used, so there is no choice of models",
    weight: "the mouth follows the sound in full",
  },
  async prepare(_step, clip, { speech }, context) {
    if (!speech) {
      const detail = "lip_syncer needs a video, and a sound as its source.";
      throw new AppError("invalid_request", detail, { input: "source" });
    }
    return speaking(await blaming("target", speakersOf(clip, speech, context)));
  },
};

function speaking(speakers: Speakers): Prepared {
  const seams: number[] = [];
  const drawn = [...speakers.values()].flatMap((each) => (each instanceof AppError ? [] : warnOfDrawn(each.plan)));
  return {
    get warnings() {
      return [...drawn, ...warnOfSeams(seams)];
    },
    async apply(scene): Promise<Applied> {
      const own = pixelsOf(scene);
      const left: Warning[] = [];
      const moved = new Set<SceneFace>();
      let yuv = own;
      for (const face of scene.faces) {
        const speaker = speakers.get(face.track);
        if (speaker instanceof AppError) left.push({ code: "face_left_alone", detail: speaker.message });
        const nth = speaker instanceof AppError ? undefined : speaker?.nths.get(scene.index);
        if (!speaker || speaker instanceof AppError || nth === undefined) continue;
        const before = yuv;
        const made = await withMouth({ at: async () => before }, [nth, speaker.plan.frames[nth]!], speaker);
        yuv = made.yuv;
        if (made.seam !== null) seams.push(made.seam);
        if (yuv !== before) moved.add(face);
        if (speaker.plan.left[nth]) left.push(reasonOf(speaker, scene.index));
      }
      const changed = yuv === own ? null : takeChanges(scene.frame, own, yuv);
      if (!changed) return { frame: scene.frame, changed, left };
      // a new object: what was kept of the old one's pixels no longer holds
      const frame = { ...scene.frame };
      return { frame, faces: () => readAgain(frame, scene.faces, moved), changed, left };
    },
  };
}

function reasonOf({ followed }: Speaker, index: number): Warning {
  const own = "so the mouth is the video's own.";
  return followed.covered?.[index]
    ? { code: "mouth_covered", detail: `Something is before the mouth, ${own}` }
    : { code: "face_left_alone", detail: `The face is turned away, small or not seen, ${own}` };
}

async function speakersOf(clip: Clip, speech: Speech, context: StepContext): Promise<Speakers> {
  const { signal, progress = () => {} } = context;
  const all = await follow(clip, { signal, progress: (share) => progress(FOLLOWED * share) });
  const speakers = new Map<number, Speaker | AppError>();
  for (const [nth, [track, follower]] of [...all].entries()) {
    const share = (done: number) => progress(FOLLOWED + ((1 - FOLLOWED) * (nth + done)) / all.size);
    const speaker = await speakerOf(follower, speech, lendable(clip, signal), share).catch(asFault);
    speakers.set(track, speaker);
  }
  const faults = [...speakers.values()].filter((each) => each instanceof AppError);
  if (faults.length > 0 && faults.length === speakers.size) throw faults[0]!;
  return speakers;
}

/** Who is followed through the clip, by track. */
async function follow(clip: Clip, { signal, progress }: Required<StepContext>): Promise<Map<number, MeshFollower>> {
  const followers = new Map<number, MeshFollower>();
  const stamps: number[] = [];
  for (let index = 0; index < clip.frames; index++) {
    signal.throwIfAborted();
    const scene = await clip.sceneAt(index);
    const { width, height } = scene.frame;
    stamps.push(scene.seconds);
    for (const { track } of scene.faces) {
      if (!followers.has(track)) followers.set(track, await followMeshes({ width, height, stamps }));
    }
    const frame = { yuv: pixelsOf(scene), width, height };
    for (const [track, follower] of followers) {
      await follower.see(frame, scene.faces.find((face) => face.track === track)?.crop ?? null);
    }
    progress((index + 1) / clip.frames);
  }
  return followers;
}

/** Throws AppErrors for a face that cannot be made to speak. */
async function speakerOf(
  follower: MeshFollower,
  { motion: said, sync }: Speech,
  film: { at(index: number): Promise<Uint8Array> },
  progress: (share: number) => void,
): Promise<Speaker> {
  const followed: Followed = follower.end();
  const times = syncedTimes(sync, followed.stamps);
  const motion = arrangeMotion(said, sync, times);
  const plan = planLips(followed, motion, { sync, times });
  if (plan.left.length > 0 && plan.left.every(Boolean)) {
    throw new AppError("face_turned_away", "Where something is said, the face is never seen well.");
  }
  const mouths = await lentBy(film, { followed, plan, motion }, progress);
  const nths = new Map(plan.frames.map(({ shown }, nth) => [shown, nth]));
  return { followed, plan, motion, mouths, nths };
}

function asFault(error: unknown): AppError {
  if (error instanceof AppError && error.code !== "canceled") return error;
  throw error;
}

/** Frames of the clip as they are before this step. */
function lendable(clip: Clip, signal: AbortSignal): { at(index: number): Promise<Uint8Array> } {
  let last: { index: number; yuv: Uint8Array } | null = null;
  return {
    async at(index) {
      signal.throwIfAborted();
      if (last?.index !== index) last = { index, yuv: pixelsOf(await clip.sceneAt(index)) };
      return last.yuv;
    },
  };
}

function pixelsOf({ frame, yuv }: Scene): Uint8Array {
  return yuv ?? yuvOf(frame);
}

/** Later steps need the faces as they are now. */
async function readAgain(
  { width, height, data }: RgbFrame,
  faces: readonly SceneFace[],
  moved: ReadonlySet<SceneFace>,
): Promise<SceneFace[]> {
  const region = { x: 0, y: 0, width, height };
  const picture = { width, height, data, fullWidth: width, fullHeight: height, region, orientation: 1 as const };
  const again: SceneFace[] = [];
  for (const face of faces) {
    const { track, clear } = face;
    again.push(moved.has(face) ? { ...(await faceAt(picture, face.crop, face.score)), track, clear } : face);
  }
  return again;
}
