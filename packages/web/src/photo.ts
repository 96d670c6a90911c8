/** A photo that was chosen: made smaller where it is large, sent, and looked at before any work. */
import type { Inspection } from "@smileloop/sdk/index.ts";
import { facts, smileloop } from "./server.ts";

export type Photo = {
  upload: string;
  /** To show it; null where this browser cannot, and after the page was loaded again. */
  url: string | null;
  inspection: Inspection;
  /** Place in `inspection.faces`, or all of them. */
  face: number | "all";
  /** When the server deletes it, ms since 1970. */
  expiresAt: number;
  /** The job that tries the motions on it, by face. */
  previews: Record<number, string | undefined>;
  /** Whether somebody has said that the people in it may be shown so. */
  agreed?: boolean;
};

/** Null: it is forgotten. Two changes at once do not undo each other, as each begins with the photo as it is then. */
export type ChangePhoto = (change: ((now: Photo) => Photo) | null) => void;

/** What is kept of it for when the page is loaded again; no picture. */
const KEPT = "smileloop.photo";
/** Larger ones are made smaller here, which saves most of the time to send them. The longest side of a result is 1280. */
const LARGE = { side: 4096, bytes: 4 * 1024 * 1024 };
const SMALLER_SIDE = 2560;
const PLAIN = ["image/jpeg", "image/png", "image/webp"];

export type Sending = { signal: AbortSignal; onShown: (url: string | null) => void; onSent: (share: number) => void };

export async function sendPhoto(file: Blob, { signal, onShown, onSent }: Sending): Promise<Photo> {
  const { sent, shown } = await fit(file);
  const url = shown ? URL.createObjectURL(shown) : null;
  onShown(url);
  signal.throwIfAborted();
  const onProgress = (bytes: number, total: number) => onSent(total === 0 ? 0 : bytes / total);
  const upload = await smileloop.uploads.send(sent, { signal, onProgress });
  const expiresAt = Date.now() + facts.lifeSeconds * 1000;
  onSent(1);
  const inspection = await smileloop.inspect({ upload }, { signal });
  const first = inspection.faces.findIndex(({ moves }) => moves);
  return { upload, url, inspection, face: Math.max(0, first), expiresAt, previews: {} };
}

/** The photo as it is sent, and as it is shown; null where this browser cannot decode it, such as HEIC in most. */
async function fit(file: Blob): Promise<{ sent: Blob; shown: Blob | null }> {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return { sent: file, shown: null };
  const { width, height } = bitmap;
  const isFine = Math.max(width, height) <= LARGE.side && file.size <= LARGE.bytes && PLAIN.includes(file.type);
  if (isFine) {
    bitmap.close();
    return { sent: file, shown: file };
  }
  const scale = Math.min(1, SMALLER_SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  return { sent: made ?? file, shown: made ?? file };
}

export function keepPhoto(photo: Photo | null): void {
  try {
    if (photo) sessionStorage.setItem(KEPT, JSON.stringify({ ...photo, url: null }));
    else sessionStorage.removeItem(KEPT);
  } catch {
    // it is only not found again
  }
}

export function keptPhoto(): Photo | null {
  try {
    const photo = JSON.parse(sessionStorage.getItem(KEPT) ?? "null") as Photo | null;
    return photo && photo.expiresAt > Date.now() ? photo : null;
  } catch {
    return null;
  }
}
