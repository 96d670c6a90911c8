/** Files as stub engines make them: they have the boxes and segments of their types, so that they can be signed, and nothing to be seen. */

/** An MP4 that holds these facts. */
export function stubVideo(facts: object): Buffer {
  return Buffer.concat([
    box("ftyp", Buffer.from("isom\0\0\0\0isomavc1")),
    box("mdat", Buffer.from(JSON.stringify(facts))),
  ]);
}

/** What `stubVideo` was given. Throws for other files. */
export function factsIn(video: Uint8Array): Record<string, unknown> {
  const file = Buffer.from(video);
  const start = file.lastIndexOf("mdat") + 4;
  return JSON.parse(file.toString("utf8", start, start - 8 + file.readUInt32BE(start - 8)));
}

/** A grey pixel. */
export const STUB_POSTER = Buffer.from(
  "/9j/2wBDAP//////////////////////////////////////////////////////////////////////////////////////2wBDAf//////////////////////////////////////////////////////////////////////////////////////wAARCAABAAEDASIAAhEBAxEB/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/xAAUAQEAAAAAAAAAAAAAAAAAAAAA/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMRAD8AAA//2Q==",
  "base64",
);

function box(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length);
  head.write(type, 4, "latin1");
  return Buffer.concat([head, body]);
}
