/** Nobody gets the clean file of a job that is not paid: every route of the document is asked for it, in every way. */
import type { JobRecord } from "@smileloop/core/job/record.ts";
import { eventOf } from "@smileloop/core/webhooks/event.ts";
import { expect, it } from "vitest";
import type { TestApi } from "../../../test/support/api.ts";
import { lipsyncApi } from "../../../test/support/lipsync.ts";
import { CLEAN, cleanFile, MARKED, only, paid, type Sold, sell, unpaid } from "../../../test/support/sold.ts";

const SOLD: Sold[] = [
  { kind: "animate", output: "video", type: "video/mp4" },
  { kind: "talk", output: "video", type: "video/mp4" },
  { kind: "lipsync", output: "video", type: "video/mp4" },
  { kind: "process_video", output: "video", type: "video/mp4" },
  { kind: "process_image", output: "image", type: "image/png" },
  { kind: "speak", output: "audio", type: "audio/wav" },
  { kind: "convert", output: "video", type: "video/mp4" },
  { kind: "personalize", output: "archive", type: "application/zip" },
];
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
const ORIGIN = "http://localhost";

type Document = { paths: Record<string, Record<string, unknown>> };

/** Every way in which the clean file came out: empty is how it has to be. */
async function leaks(api: TestApi, record: JobRecord): Promise<string[]> {
  const document = api.app.document() as Document;
  const found: string[] = [];
  const known = new Set(await api.stored());
  for (const path of Object.keys(document.paths)) {
    for (const address of addresses(path, record)) {
      for (const method of METHODS) {
        for (const request of requests(method, address, record)) {
          await restore(api, record);
          const leak = await leaksIn(api, await api.app.fetch(request()));
          if (leak) found.push(`${method} ${address}: ${leak}`);
        }
      }
    }
    // before the next path, which may be the one that erases all
    for (const key of await api.stored()) {
      if (!known.has(key) && (await textOf(api, key)).includes(CLEAN)) found.push(`copied to ${key}`);
      known.add(key);
    }
  }
  return found;
}

/** Every name that a path's parameters may be given. */
function addresses(path: string, record: JobRecord): string[] {
  const names = [...Object.keys(record.outputs), "result", "job.json", "constructor"];
  const uuid = record.id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  const files = ["mp4", "png", "wav", "zip", "bin"].flatMap((end) => [`${record.id}.${end}`, `${uuid}.${end}`]);
  const keys = Object.values(record.outputs).map(({ key }) => key);
  const values: Record<string, string[]> = { name: names, filename: files, key: keys, path: [`${record.id}.wav`] };
  return [...path.matchAll(/\{(\w+)\}/g)].reduce<string[]>(
    (made, [whole, name]) =>
      made.flatMap((each) => (values[name!] ?? [record.id]).map((value) => each.replace(whole, value))),
    [path],
  );
}

function requests(method: string, address: string, { id, outputs }: JobRecord): (() => Request)[] {
  const url = `${ORIGIN}${address}`;
  if (method === "GET" || method === "HEAD") {
    const asked: [string, Record<string, string>][] = [
      ["", {}],
      ["", { Range: "bytes=0-9999" }],
      ["", { "If-Range": '"x"', Range: "bytes=-50" }],
      ["?disposition=inline", {}],
      ["?cs=cs_test_1", {}],
    ];
    return asked.map(
      ([query, headers]) =>
        () =>
          new Request(url + query, { method, headers }),
    );
  }
  const links = Object.keys(outputs).map((name) => `${ORIGIN}/v1/jobs/${id}/outputs/${name}`);
  const bodies = links.flatMap((link) => [
    { kind: "convert", inputs: { video: { url: link } }, params: {} },
    { kind: "process_image", inputs: { target: { url: link } }, params: { processors: ["face_debugger"] } },
    { kind: "lipsync", inputs: { video: { job: id, input: "video" } }, params: { text: "hello" } },
    {
      model: "lipsync-2",
      input: [
        { type: "video", url: link },
        { type: "audio", url: link },
      ],
    },
    { video_url: link, audio_url: link },
  ]);
  const headers = { "Content-Type": "application/json" };
  return [{}, ...bodies].map((body) => () => new Request(url, { method, headers, body: JSON.stringify(body) }));
}

/** What was deleted or changed by the last request is as before. */
async function restore({ deps }: TestApi, record: JobRecord): Promise<void> {
  const there = await deps.records.get(record.owner, record.id).catch(() => null);
  if (there?.record.write === record.write) return;
  await deps.records.remove(record.owner, record.id);
  await deps.records.create(record);
  for (const [name, { key, type }] of Object.entries(record.outputs)) {
    const bytes = MARKED[name] ?? cleanFile(type);
    await deps.files.put(key, only(bytes), { type }).catch(() => {});
  }
}

async function leaksIn({ app }: TestApi, reply: Response): Promise<string | null> {
  const text = reply.body === null ? "" : await reply.text();
  if (text.includes(CLEAN)) return `${reply.status} has its bytes`;
  const said = `${text} ${[...reply.headers.values()].join(" ")}`;
  const links = said.match(/(?:http:\/\/localhost)?\/v1\/(?:files|jobs\/[0-9a-f]+\/outputs)\/[^\s"'<>\\]*/g) ?? [];
  for (const link of new Set(links)) {
    for (const method of ["GET", "HEAD"]) {
      const got = await app.fetch(new Request(new URL(link, ORIGIN), { method }));
      if ((await got.text()).includes(CLEAN)) return `${reply.status} has the link ${link.slice(0, 60)}`;
    }
  }
  return null;
}

async function textOf({ deps }: TestApi, key: string): Promise<string> {
  return new Response((await deps.files.get(key)).body).text();
}

const open = () => lipsyncApi({ dialectWaitMs: 0, maxWaitMs: 0, liveEvents: false });

it("the crawler finds what is paid, by each way that is meant", async () => {
  const found = [];
  for (const sold of SOLD.slice(1, 5)) {
    const api = open();
    found.push(...(await leaks(api, await sell(api, sold, { charge: paid() }))));
  }
  for (const way of ["/v1/jobs/", "/events", "/api/v1/download/", " /download/", "/v2/generate", "copied to"]) {
    expect(found.some((leak) => leak.includes(way))).toBe(true);
  }
});

it.each(SOLD)("no route gives the clean file of $kind before it is paid", async (sold) => {
  const api = open();
  const record = await sell(api, sold, { charge: unpaid() });
  expect(await leaks(api, record)).toEqual([]);
});

const CLOSED: [string, Partial<JobRecord>][] = [
  ["pending", { charge: { ...unpaid(), state: "pending" } }],
  ["refunding", { charge: paid({ state: "refunding" }) }],
  ["refunded", { charge: paid({ state: "refunded" }) }],
  ["disputed", { charge: paid({ state: "disputed" }) }],
  ["missing", { charge: undefined } as unknown as Partial<JobRecord>],
  ["paid without a payment", { charge: paid({ payment: undefined as never }) }],
  ["another state", { charge: paid({ state: "PAID" as never }) }],
  ["paid with half a quote", { charge: paid({ quote: { amount: 499 } as never }) }],
];

it.each(CLOSED)("nor when the charge is %s", async (_, more) => {
  const api = open();
  expect(await leaks(api, await sell(api, SOLD[0]!, more))).toEqual([]);
});

it("nor with an access that is not known, or none", async () => {
  for (const access of ["Open", "free", "", undefined]) {
    const api = open();
    const record = await sell(api, SOLD[0]!);
    const video = { ...record.outputs.video!, ...(access === undefined ? {} : { access }) };
    if (access === undefined) delete video.access;
    const changed = { ...record, outputs: { ...record.outputs, video }, write: "another" };
    await api.deps.records.remove(record.owner, record.id);
    await api.deps.records.create(changed);
    expect(await leaks(api, changed)).toEqual([]);
  }
});

it("a link to the preview does not become one to the clean file, and one that was made ends with a refund", async () => {
  const api = open();
  const bought = await sell(api, SOLD[0]!, { charge: paid() });
  const view = async () => (await api.app.fetch(new Request(`${ORIGIN}/v1/jobs/${bought.id}`))).json();
  const { outputs } = (await view()) as { outputs: Record<string, { url: string }> };
  const keyOf = (name: string) => bought.outputs[name]!.key;
  const fetched = async (url: string) => (await api.app.fetch(new Request(url))).text();
  expect(await fetched(outputs.video!.url)).toContain(CLEAN);
  const swapped = outputs.preview!.url.replace(keyOf("preview"), keyOf("video"));
  const grant = new URL(outputs.preview!.url).searchParams.get("grant")!;
  const other = Buffer.from(Buffer.from(grant, "base64url").toString().replace("preview.bin", "video.bin"));
  for (const url of [swapped, swapped.replace(grant, other.toString("base64url"))]) {
    expect(JSON.parse(await fetched(url))).toMatchObject({ code: "bad_signature" });
  }
  await api.deps.records.remove(bought.owner, bought.id);
  await api.deps.records.create({ ...bought, charge: paid({ state: "refunded" }) });
  expect(JSON.parse(await fetched(outputs.video!.url))).toMatchObject({ status: 402, code: "payment_required" });
  const convert = { kind: "convert", inputs: { video: { url: outputs.video!.url } }, params: {} };
  const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(convert) };
  const copied = await api.app.fetch(new Request(`${ORIGIN}/v1/jobs`, init));
  expect(await copied.json()).toMatchObject({ status: 402, code: "payment_required" });
  expect(Object.keys(((await view()) as { outputs: object }).outputs)).toEqual(["preview", "poster"]);
});

it("a webhook tells of what may be read alone", async () => {
  const api = open();
  const webhook = {
    ...{ url: "https://a.example", base: ORIGIN, state: "due", event: "job.succeeded", tries: 0 },
    ...{ next_at: 1, attempts: [] },
  } as unknown as JobRecord["webhook"];
  const outputsOf = async (charge: JobRecord["charge"]) => {
    const record = await sell(api, SOLD[0]!, { charge, webhook } as Partial<JobRecord>);
    return Object.keys(JSON.parse(eventOf(record)!.body).data.outputs);
  };
  expect(await outputsOf(unpaid())).toEqual(["preview", "poster"]);
  expect(await outputsOf(paid())).toEqual(["video", "preview", "poster"]);
});
