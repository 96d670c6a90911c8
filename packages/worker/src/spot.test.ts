import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ManualClock, manualClock } from "../../../test/support/manual-clock.ts";
import { until } from "../../../test/support/processes.ts";
import { type SpotNotice, watchSpotNotice } from "./spot.ts";

/** A metadata service: tokens are asked for by PUT, and each is good for so many questions. */
const imds = {
  server: null as Server | null,
  url: "",
  notice: null as SpotNotice | null,
  tokens: 0,
  asked: 0,
  goodFor: 1000,
  down: false,
  refused: 0,
  noticed: false,
};
let clock: ManualClock;
let ended: AbortController;

beforeEach(async () => {
  Object.assign(imds, { notice: null, tokens: 0, asked: 0, goodFor: 1000, down: false, refused: 0, noticed: false });
  clock = manualClock();
  ended = new AbortController();
  let left = 0;
  imds.server = createServer((request, response) => {
    const { method, url, headers } = request;
    if (imds.down) {
      imds.refused++;
      return response.destroy();
    }
    if (method === "PUT" && url === "/latest/api/token" && headers["x-aws-ec2-metadata-token-ttl-seconds"]) {
      left = imds.goodFor;
      return response.end(`token-${++imds.tokens}`);
    }
    if (headers["x-aws-ec2-metadata-token"] !== `token-${imds.tokens}` || left-- <= 0) {
      return response.writeHead(401).end();
    }
    if (url !== "/latest/meta-data/spot/instance-action") return response.writeHead(400).end();
    imds.asked++;
    imds.noticed = imds.notice !== null;
    return imds.notice ? response.end(JSON.stringify(imds.notice)) : response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => imds.server?.listen(0, "127.0.0.1", resolve));
  imds.url = `http://127.0.0.1:${(imds.server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  ended.abort();
  imds.server?.closeAllConnections();
  await new Promise((resolve) => imds.server?.close(resolve));
});

/** The watch asks every 5 s: lets it ask until something is so. */
async function askUntil(what: () => boolean): Promise<void> {
  await until(async () => {
    if (clock.sleepers === 1) await clock.advance(5000);
    return what();
  });
}

test("the notice is seen within 5 s; one token is enough", async () => {
  const watch = watchSpotNotice({ url: imds.url, signal: ended.signal, clock });
  await askUntil(() => imds.asked >= 4);
  expect(imds.tokens).toBe(1);
  await until(() => clock.sleepers === 1);
  const { asked } = imds;
  imds.notice = { action: "terminate", time: "2026-01-02T03:06:05Z" };
  await clock.advance(5000);
  expect(await watch).toEqual(imds.notice);
  expect(imds.asked).toBe(asked + 1);
});

test("a token that has run out is renewed; a service that is silent for a while is asked again", async () => {
  imds.goodFor = 1;
  const watch = watchSpotNotice({ url: imds.url, signal: ended.signal, clock });
  await askUntil(() => imds.tokens >= 3);
  imds.down = true;
  await askUntil(() => imds.refused >= 5);
  imds.down = false;
  imds.notice = { action: "stop", time: "2026-01-02T03:06:05Z" };
  await askUntil(() => imds.noticed);
  expect(await watch).toEqual(imds.notice);
});

test("where there is no such service nobody is asked for long", async () => {
  imds.down = true;
  const watch = watchSpotNotice({ url: imds.url, signal: ended.signal, clock });
  await askUntil(() => imds.refused >= 3);
  expect(await watch).toBeNull();
});

test("an aborted watch ends", async () => {
  const watch = watchSpotNotice({ url: imds.url, signal: ended.signal, clock });
  await askUntil(() => imds.asked >= 1);
  ended.abort();
  expect(await watch).toBeNull();
});
