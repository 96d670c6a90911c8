/** docs/deploy.md says what the code does. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readSettings, SETTINGS, WITHOUT_FUNCTION_URLS } from "../../infra/policy/settings.ts";
import { alarms } from "../../infra/policy/watch.ts";
import {
  type Calls,
  costs,
  costsText,
  DOCS,
  readBatchCalls,
  readCalls,
  readClip,
  total,
  withCosts,
} from "../../scripts/costs.ts";
import { PRICES } from "../../scripts/prices.ts";
import { CHECKS } from "../../scripts/smoke/checks.ts";

const docs = readFileSync(DOCS, "utf8");

describe("costs", () => {
  it("in the documentation are those that the script computes (`npm run costs -- --write`)", () => {
    const clip = readClip();
    expect(withCosts(docs, costsText(costs(readCalls(), readBatchCalls(), clip), clip))).toBe(docs);
  });

  it("count every call that is paid for, at its price", () => {
    const none: Calls = { s3: {}, sqs: {} };
    const calls: Calls = {
      s3: { PutObject: 2, ListObjectsV2: 1, GetObject: 5, DeleteObjects: 9 },
      sqs: { SendMessage: 1 },
    };
    const batch = { recipient: calls, after: none, bytes: 2_000_000 };
    const clip = { memoryMb: 3008, seconds: 2, coldSeconds: 7, megabytes: 0.5 };
    const found = costs({ lambdaJob: calls, job: none, after: none, sweep: none }, batch, clip);
    const usd = (what: string, lines = found.warp) => lines.find((line) => line.what.startsWith(what))?.usd;
    expect(usd("files and records")).toBeCloseTo(3 * PRICES.s3Write.usd + 5 * PRICES.s3Read.usd, 10);
    expect(usd("messages")).toBeCloseTo(1000 * (0.4e-6 + 0.1e-6), 10);
    // one clip in twenty starts a worker
    const gigabyteSeconds = 1000 * (3008 / 1024) * (0.95 * 2 + 0.05 * 7);
    expect(usd("rendering")).toBeCloseTo(gigabyteSeconds * 0.0000166667 + 0.0002, 8);
    for (const what of ["files and records", "messages"]) expect(usd(what, found.batch)).toBe(usd(what));
    expect(usd("downloads")).toBeCloseTo(0.5 * PRICES.transfer.usd, 10);
    expect(usd("downloads", found.batch)).toBeCloseTo(2 * PRICES.transfer.usd, 10);
  });

  it("are about nothing while nobody uses it, and tenths of a cent for a clip", () => {
    const { idle, warp, gpu, batch } = costs(readCalls(), readBatchCalls(), readClip());
    expect(total(idle)).toBeLessThan(3);
    expect(total(warp)).toBeLessThan(1);
    expect(total(gpu)).toBeLessThan(2);
    expect(total(batch)).toBeLessThan(1);
  });
});

describe("commands to copy", () => {
  const ROOT = join(import.meta.dirname, "../..");
  it.each(["docs/deploy.md", "docs/own-machines.md", "gpu-container/README.md"])("in %s are complete", (name) => {
    const text = readFileSync(join(ROOT, name), "utf8");
    const used = [...text.matchAll(/\$([a-z]+)\b/g)].map(([, variable]) => variable!);
    expect(used.filter((variable) => !new RegExp(`^\\s*${variable}=`, "m").test(text))).toEqual([]);
    // the bundle in it is for Linux on x86-64, and Docker builds for the machine that it runs on
    const builds = text.match(/docker build .*/g) ?? [];
    expect(builds.filter((line) => !line.includes("--platform linux/amd64"))).toEqual([]);
  });
});

describe("the documentation", () => {
  it("has every alarm, with what to do", () => {
    const all = readSettings({ GPU: "1", GPU_IMAGE: "x", FACEFUSION_IMAGE: "y", SYNCSO: "1", WEBHOOKS: "1" });
    const told = [...docs.matchAll(/^\| `([a-z][a-z-]+)` \| .+ \| .+ \|$/gm)].map(([, name]) => name);
    const there = alarms({ stage: "production" }, all).map(({ what }) => what);
    expect(told.toSorted()).toEqual(there.toSorted());
  });

  it("has every setting", () => {
    expect(SETTINGS.filter((name) => !docs.includes(`\`${name}\``))).toEqual([]);
  });

  it("has every region that is refused", () => {
    const [row = ""] = docs.match(/^\| `AWS_REGION` .*$/m) ?? [];
    const named = [...row.matchAll(/`([a-z]{2}-[a-z]+-\d)`/g)].map(([, region]) => region!);
    const told = [...named, "ap-southeast-5", "ap-southeast-6", "ap-southeast-7"].filter((one) => one !== "us-east-1");
    expect(told.toSorted()).toEqual(WITHOUT_FUNCTION_URLS.toSorted());
  });

  it("names checks that the smoke test has", () => {
    const named = [...docs.matchAll(/smoke: `([^`]+)`/g)].map(([, name]) => name!);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !(name in CHECKS))).toEqual([]);
  });
});
