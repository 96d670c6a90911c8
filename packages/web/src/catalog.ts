/** What the server offers, asked for once. */
import type { Kind, Preset, Voice } from "@smileloop/sdk/index.ts";
import { useEffect, useState } from "preact/hooks";
import { smileloop } from "./server.ts";

const kinds = kept(async () => new Map((await smileloop.kinds()).map((kind) => [kind.name, kind])));
const presets = kept(() => smileloop.presets());
const voices = kept(async () => (await smileloop.voices()).filter(({ available }) => available));

/** Null until they are there, and where they cannot be had. */
export const useKinds = (): Map<string, Kind> | null => useLoaded(kinds);
export const usePresets = (): Preset[] | null => useLoaded(presets);
export const useVoices = (): Voice[] | null => useLoaded(voices);

function useLoaded<T>(load: () => Promise<T>): T | null {
  const [loaded, setLoaded] = useState<T | null>(null);
  useEffect(() => {
    let left = false;
    load().then(
      (found) => left || setLoaded(() => found),
      () => {},
    );
    return () => {
      left = true;
    };
  }, []);
  return loaded;
}

function kept<T>(load: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | null = null;
  return () => {
    asked ??= load().catch((error: unknown) => {
      asked = null;
      throw error;
    });
    return asked;
  };
}
