/** The words of a mark: 32 bits of payload and 16 that check them, as six symbols of eight bits. */

export const SYMBOLS = 6;
/** Places on a side of the grid that a symbol's pattern is moved over: 16 × 16 stand for eight bits. */
export const PLACES = 16;
export const ALPHABET = PLACES * PLACES;

/** The six symbols of a payload, 0–255 each. */
export function symbolsOf(payload: number): Uint8Array {
  const symbols = new Uint8Array(SYMBOLS);
  new DataView(symbols.buffer).setUint32(0, payload);
  new DataView(symbols.buffer).setUint16(4, crc16(symbols.subarray(0, 4)));
  return symbols;
}

/** Null where the check fails. */
export function payloadOf(symbols: Uint8Array): number | null {
  const view = new DataView(symbols.buffer, symbols.byteOffset, SYMBOLS);
  return view.getUint16(4) === crc16(symbols.subarray(0, 4)) ? view.getUint32(0) : null;
}

/** CRC-16/CCITT-FALSE. */
function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc;
}
