import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@smileloop/core/errors.ts";
import type { Files } from "@smileloop/core/files.ts";
import { type JobRecord, RESULT_LIFE_MS } from "@smileloop/core/job/record.ts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { collect } from "../../../test/conformance/cases.ts";
import { HOMES, type Home } from "../../../test/support/homes.ts";
import { caching } from "./caching.ts";

const NAME = "ab".repeat(32);
const type = "audio/wav";
const { signal } = new AbortController();

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "smileloop-caching-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe.each(Object.keys(HOMES))("what jobs keep for later ones on %s", (name) => {
  let home: Home;
  beforeEach(async () => {
    home = await HOMES[name]!();
  });
  afterEach(() => home.close());

  /** A job of this owner asks for the file that says `text` once it is made: what it gets, and how often it made it. */
  async function job(owner: string, text: string, files: Files = home.files, asked = [NAME]) {
    const dir = await mkdtemp(join(root, "job-"));
    const io = caching({ files, record: { owner } as JobRecord, dir, signal, clock: home.clock });
    let made = 0;
    const make = async (path: string) => {
      made++;
      await writeFile(path, text);
    };
    const got = await Promise.all(asked.map((each) => io.cached(each, make, type)));
    const texts = await Promise.all(got.map(({ path }) => readFile(path, "utf8")));
    for (const [n, file] of got.entries()) expect(file).toMatchObject({ type, bytes: texts[n]!.length });
    return { texts, made };
  }

  it("is made once, whichever job asks, and for its owner alone", async () => {
    expect(await job("ann", "hello")).toEqual({ texts: ["hello"], made: 1 });
    expect(await job("ann", "again")).toEqual({ texts: ["hello"], made: 0 });
    expect(await job("ben", "mine")).toEqual({ texts: ["mine"], made: 1 });
    const other = "cd".repeat(32);
    expect(await job("ann", "other", home.files, [other, other, NAME])).toEqual({
      texts: ["other", "other", "hello"],
      made: 1,
    });
  });

  it("is made anew after its life, and nothing is left of the work of making it twice", async () => {
    await job("ann", "hello");
    await home.clock.advance(RESULT_LIFE_MS / 2 - 1000);
    expect((await job("ann", "later")).texts).toEqual(["hello"]);
    await home.clock.advance(RESULT_LIFE_MS / 2 + 1000);
    expect((await job("ann", "later")).texts).toEqual(["later"]);
  });

  it("is never an error: not a lost race, nor a storage that fails or breaks off", async () => {
    const [first, second] = await Promise.all([job("ann", "one"), job("ann", "two")]);
    expect(first.made + second.made).toBeGreaterThan(0);
    expect(await collect(home.files.list("cache"))).toHaveLength(1);
    const away = () => Promise.reject(new AppError("storage_unavailable", "away"));
    expect(await job("ann", "three", { ...home.files, get: away, put: away })).toEqual({ texts: ["three"], made: 1 });
    const broken: Files["get"] = async (key) => {
      const stored = await home.files.get(key);
      await stored.body.cancel();
      let pulls = 0;
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          if (pulls++ > 0) controller.error(new AppError("storage_unavailable", "broke off"));
          else controller.enqueue(Buffer.from("o"));
        },
      });
      return { ...stored, body };
    };
    expect(await job("ann", "four", { ...home.files, get: broken })).toEqual({ texts: ["four"], made: 1 });
  });

  it("that cannot be made is an error for who asked, who may ask again", async () => {
    const dir = await mkdtemp(join(root, "job-"));
    const io = caching({ files: home.files, record: { owner: "ann" } as JobRecord, dir, signal, clock: home.clock });
    const fails = async () => {
      throw new AppError("unavailable", "no voice");
    };
    await expect(io.cached(NAME, fails, type)).rejects.toMatchObject({ code: "unavailable" });
    expect(await collect(home.files.list("cache"))).toEqual([]);
    const file = await io.cached(NAME, (path) => writeFile(path, "now"), type);
    expect(await readFile(file.path, "utf8")).toBe("now");
  });
});
