/** Where keys for marks come from. */
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@smileloop/core/clock.ts";
import { readEnv } from "@smileloop/core/env.ts";
import { newMarkKey } from "@smileloop/worker/marking/key.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkMarking, markKeys, marksKnownHere } from "./marking.ts";

let dir: string;
let file: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "smileloop-marking-"));
  file = join(dir, "mark.key");
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const ids = async (source: Parameters<typeof markKeys>[0]) =>
  (await markKeys(source, systemClock)()).map(({ id }) => id);

test("a key is made when it is first needed, for its owner alone, and it stays the same", async () => {
  const made = await Promise.all([ids({ file }), ids({ file })]);
  expect(made[1]).toEqual(made[0]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await ids({ file })).toEqual(made[0]);
});

test("the operator's keys go before what is kept", async () => {
  const key = newMarkKey();
  const kept = await ids({ file });
  const [given] = await ids({ key, file });
  expect(kept).not.toContain(given);
  const env = readEnv({ MARK_KEY: key, DATA_DIR: dir });
  expect((await marksKnownHere(env)).map(({ id }) => id).slice(0, 2)).toEqual([given, ...kept]);
});

test("a damaged file and a key that is none are told of in a sentence, without what is in them", async () => {
  await writeFile(file, "geheim");
  await expect(ids({ file })).rejects.toThrow(/mark\.key is damaged: key 1 is not 64 hexadecimal digits.*Remove it/);
  await expect(marksKnownHere(readEnv({ DATA_DIR: dir }))).rejects.toThrow(/mark\.key is damaged: key 1/);
  await expect(checkMarking({ key: "geheim", file })).rejects.toThrow(/^MARK_KEY: key 1 is not 64 hexadecimal digits/);
  await expect(checkMarking({})).rejects.toThrow(/`npm run -s mark:key` makes one/);
  await expect(checkMarking({ file })).rejects.toThrow(/mark\.key is damaged: key 1/);
  expect(await readFile(file, "utf8")).toBe("geheim");
});

test("at start, a file that is not there yet or has keys is fine, and none is made", async () => {
  await expect(checkMarking({ file: join(dir, "none.key") })).resolves.toBeUndefined();
  await expect(readFile(join(dir, "none.key"))).rejects.toThrow("ENOENT");
  await writeFile(join(dir, "two.key"), `${newMarkKey()}\n${newMarkKey()}\n`);
  await expect(checkMarking({ file: join(dir, "two.key") })).resolves.toBeUndefined();
});

test("a key that is given twice is told of by its number", async () => {
  const [one, other] = [newMarkKey(), newMarkKey()];
  const twice = `${one},${other},${one.toUpperCase()}`;
  await expect(checkMarking({ key: twice })).rejects.toThrow(
    /^MARK_KEY: key 3 is the same as key 1; each can be given once$/,
  );
  await expect(checkMarking({ key: `${one},${other}` })).resolves.toBeUndefined();
});
