/** Formats that sounds are made in. */

export type SoundFormat = { name: string; title: string; extension: string; contentType: string };

/** The default first. */
export const SOUND_FORMATS: readonly SoundFormat[] = [
  { name: "wav", title: "WAV", extension: "wav", contentType: "audio/wav" },
  { name: "mp3", title: "MP3", extension: "mp3", contentType: "audio/mpeg" },
  { name: "m4a", title: "M4A (AAC)", extension: "m4a", contentType: "audio/mp4" },
];
export const SOUND_FORMAT_NAMES = SOUND_FORMATS.map(({ name }) => name) as [string, ...string[]];

/** Null where the ending is that of another type of file. */
export function soundFormatOfPath(path: string): SoundFormat | null {
  return SOUND_FORMATS.find(({ extension }) => path.toLowerCase().endsWith(`.${extension}`)) ?? null;
}

export function soundFormatOf(name: string | undefined): SoundFormat {
  return SOUND_FORMATS.find((format) => format.name === name) ?? SOUND_FORMATS[0]!;
}
