/**
 * Params of the kinds that the client has calls for; everything is optional that has a default. The names are the server's, and
 * `GET /v1/kinds` tells the limits. `test/sdk/types.test.ts` holds these types equal to what the server checks.
 */
type Loose<T> = { [K in keyof T]?: T[K] | undefined };

/** `text_version` and `locale`: which sentence was agreed to, and the language in which it was read. */
export type Consent = {
  subject: "self" | "permission" | "public_domain";
  text_version?: string | undefined;
  locale?: string | undefined;
};

export type VoiceParams = Loose<{
  /** A name of `GET /v1/voices`. */
  voice: string;
  /** BCP 47, such as `hi` or `pt-BR`. */
  language: string;
  /** 0.5 to 2. */
  speed: number;
  /** How words are said: IPA between slashes, or a respelling. */
  pronounce: Record<string, string>;
}>;

export type ClipSize = "source" | 256 | 512 | 720 | 1024;

export type AnimateParams = Loose<{
  /** A name of `GET /v1/presets`; none with a driving clip. */
  preset: string;
  engine: string;
  size: ClipSize;
  fps: number;
  /** Seconds, 1 to 10. */
  duration: number;
  /** 0 to 1.5. */
  intensity: number;
  format: "mp4" | "gif" | "webp" | "webm";
  face: number;
  faces: "all";
  seed: number;
  /** Whether every picture has a sign that says "AI"; by default only for callers without a key. */
  label: boolean;
  consent: Consent;
}>;

export type PreviewsParams = Loose<{
  /** Names of `GET /v1/presets`, in the order in which their clips are made; all of them by default. */
  presets: string[];
  engine: string;
  /** Side of the clips, pixels: 128 to 384, even. */
  size: number;
  face: number;
  seed: number;
  /** Whether every picture has a sign that says "AI"; by default only for callers without a key. */
  label: boolean;
  consent: Consent;
}>;

export type TalkParams = VoiceParams &
  Loose<{
    text: string;
    engine: string;
    size: ClipSize;
    exact_size: boolean;
    fps: number;
    expression: string;
    intensity: number;
    format: "mp4" | "webm";
    face: number;
    faces: "all";
    seed: number;
    /** Whether every picture has a sign that says "AI"; by default only for callers without a key. */
    label: boolean;
    consent: Consent;
  }>;

export type LipsyncParams = VoiceParams &
  Loose<{
    text: string;
    /** Whether every picture has a sign that says "AI"; by default only for callers without a key. */
    label: boolean;
    consent: Consent;
    engine: string;
    model: string;
    api_key: string;
    sync_mode: "cut_off" | "loop" | "bounce" | "silence" | "remap" | "fade";
    original_sound: "replace" | "duck";
    face: number;
    faces: "speaking";
    intensity: number;
    format: "mp4" | "webm";
  }>;

export type SpeakParams = VoiceParams & Loose<{ format: "wav" | "mp3" | "m4a"; engine: string }> & { text: string };

export type PersonalizeParams = VoiceParams &
  Loose<{
    tier: "silver" | "gold" | "diamond" | "platinum";
    /** What is said to a recipient; `{column}` is what the row has in that column. */
    text: string;
    name_position: "start" | "end";
    lip_sync: boolean;
    face: number;
    /** Words of the video that are replaced, in the order in which they are said. */
    markers: string[];
    base_text: string;
    silence_db: number;
    silence_seconds: number;
    gap_seconds: number;
    natural: boolean;
    name_column: string;
    phone_column: string;
    pronunciation_column: string;
    /** Only these rows: the first recipient is row 2. */
    rows: number[];
    voice_key: string;
    voice_model: string;
    intensity: number;
    /** Whether every picture has a sign that says "AI"; by default only for callers without a key. */
    label: boolean;
    consent: Consent;
  }>;

/** A step by its name, or with its options. */
export type Step = string | ({ name: string } & Record<string, unknown>);

export type ProcessParams = Loose<{
  faces: "largest" | "all" | "reference";
  face: number;
  /** Of the result, percent: 10 to 400. */
  scale: number;
  detector: { model?: string | undefined; score?: number | undefined };
  execution: { providers?: string[] | undefined; threads?: number | undefined };
  /** Whether every picture has a sign that says "AI"; by default only for callers without a key. */
  label: boolean;
  consent: Consent;
  engine: string;
  /** Frames a second, of a video. */
  fps: number | null;
}>;
