/**
 * What the first bytes of a JPEG or PNG say about it. A decoder is never asked here: a picture that is too large for it has to
 * be refused before it sees a byte.
 *
 * Sources: ITU-T T.81 (JPEG) annex B; PNG specification, third edition, 11.2.1 IHDR.
 */

type PictureHeader = { type: "image/jpeg" | "image/png"; width: number; height: number };

/** `more`: the answer lies at or beyond byte `more` of the file, which is not there yet. */
type HeaderRead = { header: PictureHeader } | { more: number } | { unreadable: true };

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

export function isPng(bytes: Uint8Array): boolean {
  return PNG_SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/** `bytes`: the file from its start, as far as it is there. Takes a JPEG or PNG by its signature. */
export function readPictureHeader(bytes: Uint8Array): HeaderRead {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isPng(bytes) ? readPng(view) : readJpeg(view);
}

function readPng(view: DataView): HeaderRead {
  if (view.byteLength < 24) return { more: 24 };
  if (view.getUint32(12) !== 0x49484452) return { unreadable: true };
  return sized("image/png", view.getUint32(16), view.getUint32(20));
}

function readJpeg(view: DataView): HeaderRead {
  let at = 2;
  for (;;) {
    if (at + 4 > view.byteLength) return { more: at + 4 };
    if (view.getUint8(at) !== 0xff) return { unreadable: true };
    const marker = view.getUint8(at + 1);
    // any number of 0xff may stand before a marker; restart markers and TEM have no length
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (marker === 0xd9 || marker === 0xda || marker === 0x00) return { unreadable: true };
    else if (isFrame(marker)) {
      if (at + 9 > view.byteLength) return { more: at + 9 };
      return sized("image/jpeg", view.getUint16(at + 7), view.getUint16(at + 5));
    } else at += 2 + Math.max(2, view.getUint16(at + 2));
  }
}

/** SOF0–SOF15 without DHT, JPG and DAC, which share their row of codes. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function sized(type: PictureHeader["type"], width: number, height: number): HeaderRead {
  return width > 0 && height > 0 ? { header: { type, width, height } } : { unreadable: true };
}
