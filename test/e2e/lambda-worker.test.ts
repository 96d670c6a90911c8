/** How the worker on Lambda starts, before there is an event. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStack, type Stack } from "../support/lambda/home.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await openStack(["worker-lambda"]);
});
afterAll(() => stack?.close());

/** The bundle, with a stub that first does this. */
function bundleWith(name: string, first: string): string {
  const dir = join(stack.out, name);
  cpSync(join(stack.out, "worker-lambda"), dir, { recursive: true });
  const engine = join(dir, "node_modules/@smileloop/engine/host.mjs");
  writeFileSync(engine, `${first}\n${readFileSync(engine, "utf8")}`);
  return dir;
}

const pause = (ms: number) => `await new Promise((resolve) => setTimeout(resolve, ${ms}));`;
/** An event without messages is over at once, and says what there is when Lambda could freeze the function. */
const nothing = { Records: [] };

describe("the processes of the engine", () => {
  it("are up before the function may be frozen", async () => {
    const lambda = await stack.start("worker-lambda", { dir: bundleWith("late", pause(1500)) });
    await lambda.invoke(nothing);
    expect(lambda.log().match(/"engine ready"/g)).toHaveLength(2);
  });

  it("hold up the start for 8 s at most, because Lambda starts it again after 10", async () => {
    const lambda = await stack.start("worker-lambda", { dir: bundleWith("hangs", pause(600_000)) });
    expect(await lambda.invoke(nothing)).toEqual({ batchItemFailures: [] });
    expect(lambda.log()).not.toContain("engine ready");
  });
});

it("serves the queue of a service elsewhere with what is in the bundle", async () => {
  const env = { QUEUE: "syncso", QUEUES: "syncso=http://127.0.0.1:9/0/syncso", SEAL_KEY: "s".repeat(44) };
  const lambda = await stack.start("worker-lambda", { env });
  expect(await lambda.invoke(nothing)).toEqual({ batchItemFailures: [] });
  expect(lambda.log()).toContain('"engine ready"');
});

describe("under `npm run dev:aws`, where the sandboxes of a function share a machine", () => {
  it("none clears the folder of another, and the folders of those that ended go", async () => {
    const WORK_DIR = join(stack.out, "dev");
    // no system has a process with this number
    mkdirSync(join(WORK_DIR, "dev-4194999-0/engine-left"), { recursive: true });
    const start = async () => {
      const lambda = await stack.start("worker-lambda", { env: { WORK_DIR, SST_DEV: "true" } });
      await lambda.invoke(nothing);
      return `dev-${lambda.pid()}-0`;
    };
    const own = [await start(), await start()];
    expect(readdirSync(WORK_DIR).toSorted()).toEqual(own.toSorted());
    for (const name of own) expect(readdirSync(join(WORK_DIR, name))).toHaveLength(2);
  });
});
