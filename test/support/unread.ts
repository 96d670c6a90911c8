/** Kinds of pictures and documents that are not read, by their first bytes. */

const ftyp = (brand: string): Buffer => {
  const body = Buffer.from(`ftyp${brand}\0\0\0\0${brand}`, "latin1");
  return Buffer.concat([Buffer.from([0, 0, 0, body.length + 4]), body]);
};
const signed = (hex: string, brand: string): Buffer => Buffer.concat([Buffer.from(hex, "hex"), ftyp(brand)]);

export const JXL = signed("0000000c4a584c200d0a870a", "jxl ");

export const UNREAD: [type: string, bytes: Buffer][] = [
  ["image/jxl", JXL],
  ["image/jxl", Buffer.from("ff0a7f4020", "hex")],
  ["image/vnd.adobe.photoshop", Buffer.concat([Buffer.from("8BPS"), Buffer.alloc(40)])],
  [
    "image/svg+xml",
    Buffer.from('<?xml version="1.0"?>\n<!-- a -->\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
  ],
  ["application/pdf", Buffer.from("%PDF-1.7\n1 0 obj\n")],
  ["image/x-icon", Buffer.from("00000100010010100000010020006804", "hex")],
  ["image/jp2", signed("0000000c6a5020200d0a870a", "jp2 ")],
  ["image/x-canon-cr3", ftyp("crx ")],
];
