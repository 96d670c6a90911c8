import { useEffect, useState } from "preact/hooks";
import type { Clip } from "./use-previews.ts";

/** An address of the file that stays for as long as it is shown, which its signed link does not. */
export function useFileUrl(clip: Clip | undefined): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!clip) return;
    let made: string | undefined;
    const leaving = new AbortController();
    fetch(clip.url, { signal: leaving.signal })
      .then((reply) => (reply.ok ? reply.blob() : Promise.reject(reply)))
      .then((file) => {
        made = URL.createObjectURL(file);
        setUrl(made);
      })
      // the photo stays in its place
      .catch(() => {});
    return () => {
      leaving.abort();
      if (made) URL.revokeObjectURL(made);
      setUrl(undefined);
    };
  }, [clip?.sha256]);
  return url;
}
