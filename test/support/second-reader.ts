/** Signatures as a second implementation reads them (c2pa-ts), which has nothing in common with the one that signs. */

// its CBOR library takes the empty package that stands in for its native part (package.json) for that part
process.env.CBOR_NATIVE_ACCELERATION_DISABLED = "true";
const { BMFF, JPEG, PNG } = await import("@trustnxt/c2pa-ts/asset");
const { SuperBox } = await import("@trustnxt/c2pa-ts/jumbf");
const { ManifestStore } = await import("@trustnxt/c2pa-ts/manifest");

/** `valid`: hashes and signature hold, whoever signed. An exception counts as broken. `faults`: what was found wrong. */
export type SecondVerdict = { verdict: "valid" | "broken" | "none"; faults: string[] };

/** It reads the boxes of all these files, but refuses brands that it does not know. */
const { canReadBrands } = BMFF as unknown as { canReadBrands: Set<string> };
for (const brand of ["isom", "qt  ", "M4A "]) canReadBrands.add(brand);

/** Throws for a file of a type that it does not read. */
export async function readSecond(file: Uint8Array): Promise<SecondVerdict> {
  const bytes = Uint8Array.from(file);
  const type = [JPEG, PNG, BMFF].find((each) => each.canRead(bytes));
  if (!type) throw new Error("c2pa-ts does not read files of this type.");
  try {
    const asset = new type(bytes);
    const store = asset.getManifestJUMBF();
    if (!store) return { verdict: "none", faults: [] };
    const { isValid, statusEntries } = await ManifestStore.read(SuperBox.fromBuffer(Uint8Array.from(store))).validate(
      asset,
    );
    const faults = statusEntries.filter(({ success }) => !success).map(({ code }) => code);
    return { verdict: isValid ? "valid" : "broken", faults };
  } catch (error) {
    return { verdict: "broken", faults: [String(error)] };
  }
}
