/** Which keys of an installation count as its own: the present one, and those that signed before. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "@smileloop/core/clock.ts";
import { createLog } from "@smileloop/core/log.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signingKey } from "../../test/support/signing.ts";
import { checkSigning, markReader, type SigningSource, signatories } from "./signing.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "smileloop-keys-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function serialsOf(signing: SigningSource): Promise<string[]> {
  const reader = markReader({ signing, marking: {}, clock, log: createLog({ level: "silent" }) }, null);
  try {
    return (await reader.trusted()).map(({ serial }) => serial);
  } finally {
    await reader.c2pa.close();
  }
}
const serialOf = async (signing: SigningSource) => (await signatories(signing, clock)()).serial;

test("a kept key that was given another name is a former one, and a new one is made", async () => {
  const file = join(dir, "signing.pem");
  const first = await serialOf({ file });
  expect(await serialsOf({ file })).toEqual([first]);
  renameSync(file, join(dir, "signing-2026.pem"));
  const second = await serialOf({ file });
  expect(second).not.toBe(first);
  expect(await serialsOf({ file })).toEqual([second, first]);
});

test("in what the operator gives, former certificates come after the present ones", async () => {
  const [former, present] = [signingKey(), signingKey()];
  const certificates = former.slice(former.indexOf("-----BEGIN CERTIFICATE"));
  const key = present + certificates;
  const serials = [await serialOf({ key: present }), await serialOf({ key: former })];
  expect(await serialsOf({ key })).toEqual(serials);
  const chain = present.slice(present.indexOf("-----BEGIN CERTIFICATE")) + certificates;
  expect(await serialsOf({ key: present, chain })).toEqual(serials);
});

test("a former key that cannot be read keeps a server from starting, with the name of its file", async () => {
  const file = join(dir, "other.pem");
  writeFileSync(join(dir, "other-1.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  await expect(checkSigning({ file })).rejects.toThrow(
    /other-1\.pem is damaged: a certificate of the chain cannot be read/,
  );
  const key = signingKey();
  const leafAlone = `${key}${key.slice(key.indexOf("-----BEGIN CERTIFICATE"), key.lastIndexOf("-----BEGIN"))}`;
  await expect(checkSigning({ key: leafAlone })).rejects.toThrow("at least two certificates");
});
