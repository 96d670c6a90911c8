import { memoryFiles } from "@smileloop/core/files/memory.ts";
import { createLocalLinks } from "@smileloop/core/storage/local-links.ts";
import { expect, it } from "vitest";
import { testApi } from "../../../test/support/api.ts";
import { manualClock } from "../../../test/support/manual-clock.ts";
import { assetKey, storedAssets } from "./assets.ts";

it("serves what a deployment has put into the storage, and reads each file once", async () => {
  const files = memoryFiles({ clock: manualClock(), links: createLocalLinks(Buffer.alloc(32)) });
  const reads: string[] = [];
  const get: typeof files.get = (key, options) => {
    reads.push(key);
    return files.get(key, options);
  };
  const put = (name: string, text: string) =>
    files.put(assetKey("1.2.3", name), only(Buffer.from(text)), { type: "text/plain" });
  await put("docs/swagger-ui.js", "swagger");
  await put("previews/blink.webp", "a blink");
  const names = ["docs/swagger-ui.js", "docs/swagger-ui.css", "previews/blink.webp"];
  const api = testApi({}, { assets: storedAssets({ files: { get }, version: "1.2.3", names }) });
  await api.listen();
  try {
    for (let turn = 0; turn < 2; turn++) {
      expect(await (await fetch(`${api.url}/docs/swagger-ui.js`)).text()).toBe("swagger");
      expect(await (await fetch(`${api.url}/v1/presets/blink/preview`)).text()).toBe("a blink");
    }
    expect(reads).toEqual(["assets/1.2.3/docs/swagger-ui.js", "assets/1.2.3/previews/blink.webp"]);
    // not there although it should be, and none of its names
    for (const path of ["/docs/swagger-ui.css", "/redoc/redoc.js", "/v1/presets/nod/preview"]) {
      expect((await fetch(api.url + path)).status, path).toBe(404);
    }
  } finally {
    await api.close();
  }
});

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
