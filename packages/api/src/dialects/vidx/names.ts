/** Names of this dialect: where it is, and the kinds of its jobs. */

export const NAME = "vidx";
/** Everything is also served under it. */
export const PREFIX = "/vidx";
/** Of its batches, and what they make. */
export const KIND = "personalize";
export const OUTPUT = { archive: "archive", report: "report" } as const;
/** What clients are told that was emptied: names that were said are kept for later jobs of the same owner. */
export const NAME_CACHE = "name_audio_cache";
/** Of the videos that are made to play everywhere. */
export const CONVERT = { kind: "convert", output: "video", fileName: "converted.mp4" } as const;
