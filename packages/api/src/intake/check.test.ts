/** Uploads as a job finds them: good for an hour, once their bytes are there. */
import { AppError } from "@smileloop/core/errors.ts";
import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { newId } from "@smileloop/core/job/ids.ts";
import type { Slot } from "@smileloop/core/kinds/inputs.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { expect, test } from "vitest";
import { collect } from "../../../../test/conformance/cases.ts";
import { jpegBytes } from "../../../../test/support/api.ts";
import { manualClock } from "../../../../test/support/manual-clock.ts";
import { checkUpload, dropUpload, storeUpload } from "./check.ts";

const picture: Slot = { noun: "picture", media: ["image"], maxBytes: 10_000, files: { min: 1, max: 1 } };

function stores() {
  const clock = manualClock();
  return { clock, files: memoryFiles({ clock, links: createLocalLinks(Buffer.alloc(32)) }) };
}

async function* only(bytes: Uint8Array) {
  yield bytes;
}

test("an upload is found by its owner for an hour", async () => {
  const deps = stores();
  const { id, key, etag } = await storeUpload(deps, "ann", only(jpegBytes()), { maxBytes: 10_000 });
  const found = { key, etag, type: "image/jpeg", bytes: 2000, width: 640, height: 480 };
  expect(await checkUpload(deps, "ann", id, picture)).toEqual(found);
  await expect(checkUpload(deps, "bob", id, picture)).rejects.toMatchObject({ code: "not_found" });
  await deps.clock.advance(3_600_000 - 1);
  expect(await checkUpload(deps, "ann", id, picture)).toEqual(found);
  await deps.clock.advance(1);
  await expect(checkUpload(deps, "ann", id, picture)).rejects.toMatchObject({
    ...{ code: "gone", message: "Uploads are kept for an hour and this one is gone; upload the file again." },
  });
});

test("one that is dropped, or whose bytes have not arrived, is said to be missing", async () => {
  const deps = stores();
  const { id } = await storeUpload(deps, "ann", only(jpegBytes()), { maxBytes: 10_000 });
  await dropUpload(deps, "ann", id);
  for (const missing of [id, newId(deps.clock.now())]) {
    await expect(checkUpload(deps, "ann", missing, picture)).rejects.toMatchObject({
      ...{ code: "not_found", message: "There is no such upload, or its bytes have not arrived yet." },
    });
  }
});

test("a body that is too large leaves nothing behind", async () => {
  const deps = stores();
  const stored = storeUpload(deps, "ann", only(jpegBytes()), { maxBytes: 1999 });
  await expect(stored).rejects.toMatchObject({ code: "too_large" });
  expect(await collect(deps.files.list(""))).toEqual([]);
});

test("a storage that is away is not taken for a missing upload", async () => {
  const deps = stores();
  const { id } = await storeUpload(deps, "ann", only(jpegBytes()), { maxBytes: 10_000 });
  const away = new AppError("storage_unavailable", "The storage does not answer.");
  const files = { ...deps.files, get: () => Promise.reject(away) };
  await expect(checkUpload({ ...deps, files }, "ann", id, picture)).rejects.toBe(away);
});
