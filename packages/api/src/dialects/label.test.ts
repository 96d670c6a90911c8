/** `label` in every API that makes pictures: the field is taken, and without it the caller's default holds. */
import { afterEach, expect, test } from "vitest";
import type { TestApi } from "../../../../test/support/api.ts";
import { jpegBytes } from "../../../../test/support/api.ts";
import { lipsyncApi, loggedIn } from "../../../../test/support/lipsync.ts";
import { multipart, type Part } from "../../../../test/support/multipart.ts";
import { ASKED, audio, video } from "../../../../test/support/sync-so.ts";
import { uploadBoth } from "../../../../test/support/talking-avatar.ts";
import { FILES } from "../../../../test/support/vidx.ts";

let api: TestApi;
afterEach(() => api.close());

async function open(config: Parameters<typeof lipsyncApi>[0] = {}): Promise<void> {
  api = lipsyncApi({ dialectWaitMs: 0, ...config });
  await api.listen();
}

type Extra = Record<string, string>;
type Headers = Record<string, string>;

async function form(path: string, files: Record<string, Uint8Array>, texts: Extra, headers: Headers) {
  const parts: Part[] = [
    ...Object.entries(files).map(([name, body]) => ({ name, filename: name, body })),
    ...Object.entries(texts).map(([name, body]) => ({ name, body })),
  ];
  const { body, type } = multipart(parts);
  const sent = { method: "POST", headers: { ...headers, "Content-Type": type }, body: Buffer.from(body) };
  return fetch(`${api.url}${path}`, sent);
}

function json(path: string, body: object, headers: Headers) {
  const sent = { method: "POST", headers: { ...headers, "Content-Type": "application/json" } };
  return fetch(`${api.url}${path}`, { ...sent, body: JSON.stringify(body) });
}

type Ask = (extra: Extra, headers: Headers) => Promise<Response>;
const asked = { video_url: video.url, audio_url: audio.url };
const APIS: [string, Ask][] = [
  [
    "/animate",
    (extra, headers) => form("/animate", { source_image: jpegBytes() }, { preset: "blink", ...extra }, headers),
  ],
  ["/jobs", (extra, headers) => form("/jobs", FILES, extra, headers)],
  [
    "/process/image",
    (extra, headers) =>
      form("/process/image", { target: jpegBytes() }, { processors: "face_debugger", ...extra }, headers),
  ],
  [
    "/api/v1/generate/async",
    async (extra, headers) =>
      json("/api/v1/generate/async", { ...(await uploadBoth(api, headers)), ...extra }, headers),
  ],
  [
    "/api/v1/lipsync/create",
    async (extra) => json("/api/v1/lipsync/create", { ...asked, ...extra }, await loggedIn(api, "local")),
  ],
  [
    "/v2/generate",
    (extra, headers) => json("/v2/generate", { ...ASKED, ...extra }, { "x-api-key": "sk-any", ...headers }),
  ],
];

/** `label` of the only job of an owner; undefined where it has none. */
async function labelOf(owner: string, asking: Promise<Response>): Promise<unknown> {
  const said = await (await asking).text();
  const { records } = await api.deps.records.list(owner, { limit: 2 });
  expect(records, said).toHaveLength(1);
  return records[0]!.params.label;
}

test.each(APIS)("%s takes it", async (_path, ask) => {
  for (const said of ["true", "false"]) {
    await open();
    expect(await labelOf("local", ask({ label: said }, {}))).toBe(said === "true");
    await api.close();
  }
  await open();
  const wrong = await ask({ label: "perhaps" }, {});
  expect([400, 422]).toContain(wrong.status);
  expect(await wrong.text()).toMatch(/label.*true or false|true or false.*label/s);
});

test.each(APIS)(
  "%s leaves it to the caller on a server that one person has started for himself",
  async (_path, ask) => {
    await open();
    expect(await labelOf("local", ask({}, {}))).toBeUndefined();
  },
);

const ANYBODY = APIS.filter(([path]) => !path.includes("lipsync") && path !== "/v2/generate");

test.each(ANYBODY)("%s labels for callers that send no credentials, unless they say otherwise", async (_path, ask) => {
  for (const extra of [{}, { label: "false" }]) {
    await open({ access: { keys: new Map(), anonymous: true } });
    expect(await labelOf("public", ask(extra, {}))).toBe(!("label" in extra));
    await api.close();
  }
});
