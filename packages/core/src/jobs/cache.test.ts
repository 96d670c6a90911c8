import { expect, test } from "vitest";
import { collect } from "../../../../test/conformance/cases.ts";
import { HOMES, type Home } from "../../../../test/support/homes.ts";
import { memoryQueue } from "../queue/memory.ts";
import { memoryRecords } from "../records/memory.ts";
import { cacheKeys, clearCache } from "./cache.ts";
import { sweepOnce } from "./sweep.ts";

const lifeMs = 60 * 60_000;
const NAME = (n: number) => n.toString(16).padStart(64, "0");

/** Keeps a file as of now; answers its key. */
async function keep({ files, clock }: Home, owner: string, n: number): Promise<string> {
  const [key] = cacheKeys({ nowMs: clock.now(), lifeMs }, owner, NAME(n));
  const body = (async function* () {
    yield Buffer.alloc(n);
  })();
  await files.put(key!, body, { type: "audio/wav" });
  return key!;
}

const keysOf = async ({ files }: Home) => (await collect(files.list("cache"))).map(({ key }) => key);
const sweep = ({ files, clock }: Home) =>
  sweepOnce({ files, clock, records: memoryRecords({ clock }), queue: memoryQueue({ clock }) });

test("what is kept is found for half a life at least, and goes within a life", () => {
  for (const life of [lifeMs, 60_000, 61_500, 1000]) {
    for (let step = 0; step < 50; step++) {
      const at = 1.8e12 + Math.floor((step * life) / 7);
      const [key] = cacheKeys({ nowMs: at, lifeMs: life }, "ann", NAME(1));
      const found = (ms: number) => cacheKeys({ nowMs: at + ms, lifeMs: life }, "ann", NAME(1)).includes(key!);
      expect(found(0)).toBe(true);
      expect(found(life), `${life} ${step}`).toBe(false);
      // moments are whole seconds
      if (life >= 60_000) expect(found(life / 2 - 1000), `${life} ${step}`).toBe(true);
    }
  }
  expect(cacheKeys({ nowMs: 1.8e12, lifeMs: 0 }, "ann", NAME(1))).toEqual([]);
});

test.each(Object.keys(HOMES))("on %s the sweeper takes away what is older, and only that", async (name) => {
  const home = await HOMES[name]!();
  try {
    const { clock } = home;
    // to a moment's beginning
    await clock.advance(lifeMs - (clock.now() % lifeMs));
    for (const n of [1, 2]) await keep(home, "ann", n);
    await keep(home, "ben", 3);
    await clock.advance(lifeMs / 2);
    const young = await keep(home, "ann", 1);
    await clock.advance(lifeMs / 2 - 1);
    expect(await sweep(home)).toMatchObject({ cached: 0, failed: 0 });
    await clock.advance(1);
    expect(await sweep(home)).toMatchObject({ cached: 1, failed: 0 });
    expect(await keysOf(home)).toEqual([young]);
    await clock.advance(lifeMs);
    expect(await sweep(home)).toMatchObject({ cached: 1, failed: 0 });
    expect(await keysOf(home)).toEqual([]);
  } finally {
    await home.close();
  }
});

test.each(Object.keys(HOMES))("on %s an owner's files can be cleared, and only they", async (name) => {
  const home = await HOMES[name]!();
  try {
    for (const n of [5, 6]) await keep(home, "ann", n);
    const other = await keep(home, "ben", 7);
    await home.clock.advance(lifeMs / 2);
    await keep(home, "ann", 5);
    expect(await clearCache(home.files, "ann")).toEqual({ files: 3, bytes: 16 });
    expect(await keysOf(home)).toEqual([other]);
    expect(await clearCache(home.files, "ann")).toEqual({ files: 0, bytes: 0 });
  } finally {
    await home.close();
  }
});
