/** The Python engine's side of the pipe: the same transcripts as the Node engine's. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, test } from "vitest";
import { replay } from "../protocol/replay.ts";
import { IMAGE, LACKING, openFolder, standIn } from "./setting.ts";

const folder = fileURLToPath(new URL("../protocol/transcripts/", import.meta.url));
const transcripts = readdirSync(folder).map((file) => `${folder}${file}`);
const nameOf = (path: string): string => JSON.parse(readFileSync(path, "utf8").split("\n", 1)[0]!).test;

describe.skipIf(LACKING !== "")(
  `the Python engine keeps to the transcripts${LACKING && ` (skipped: ${LACKING})`}`,
  () => {
    let place: Awaited<ReturnType<typeof openFolder>>;
    beforeEach(async () => {
      place = await openFolder();
    });
    afterEach(() => place.remove());

    test.each(transcripts.map((path) => [nameOf(path), path]))("%s", (_name, path) =>
      replay(path, { command: standIn("--slow", "10"), dir: place.dir, image: IMAGE, startMs: 120_000 }),
    );
  },
);
