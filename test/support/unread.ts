/** Pictures of kinds that are not read. */

/** The start of a JPEG XL, which is not read here. */
export const JXL = Buffer.from("0000000c4a584c200d0a870a00000014667479706a786c20000000006a786c20", "hex");
