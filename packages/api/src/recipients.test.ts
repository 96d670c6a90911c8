/** Jobs with a list of people: what is wrong with the list is said before there is a job. */
import { newId } from "@smileloop/core/job/ids.ts";
import { uploadKey } from "@smileloop/core/job/keys.ts";
import { createKinds, KINDS } from "@smileloop/core/kinds/index.ts";
import { XLSX } from "@smileloop/core/media/types.ts";
import { readRecipientsAside } from "@smileloop/core/recipients/read-aside.ts";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestApi, testApi } from "../../../test/support/api.ts";
import { xlsxBytes } from "../../../test/support/xlsx.ts";

const VIDEO = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypisom"), Buffer.alloc(400)]);
const known = [{ name: "warp", kinds: KINDS.map(({ name }) => name) }];
const serve = new Map(known[0]!.kinds.map((kind) => [kind, ["warp"]]));

let api: TestApi;
beforeEach(() => {
  const kinds = createKinds({ presets: new Map(), engines: { known, serve } });
  api = testApi({}, { kinds });
});
afterEach(() => api.close());

async function upload(bytes: Uint8Array, type: string): Promise<{ upload: string }> {
  const id = newId(api.clock.now());
  async function* body() {
    yield bytes;
  }
  await api.deps.files.put(uploadKey("local", id), body(), { type });
  return { upload: id };
}

type Reply = {
  status: number;
  body: { id: string; code: string; detail: string; errors: { loc: string[]; msg: string }[] };
};

async function post(
  recipients: object | Uint8Array | string,
  params: object = {},
  kind = "personalize",
): Promise<Reply> {
  const bytes = typeof recipients === "string" ? Buffer.from(recipients) : recipients;
  const list = bytes instanceof Uint8Array ? await upload(bytes, "text/csv") : bytes;
  const inputs = { video: await upload(VIDEO, "video/mp4"), recipients: list };
  const reply = await api.app.fetch(
    new Request("http://localhost:8000/v1/jobs", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ kind, inputs, params }),
    }),
  );
  return { status: reply.status, body: (await reply.json()) as Reply["body"] };
}

const LIST = ["body", "inputs", "recipients"];

test("while the largest lists are read, others are answered", async () => {
  await api.close();
  const engines = { known, serve };
  api = testApi({}, { kinds: createKinds({ presets: new Map(), engines, readRecipients: readRecipientsAside }) });
  const header = Array.from({ length: 100 }, (_, n) => (n === 0 ? "name" : `column ${n}`));
  const rows = Array.from({ length: 1000 }, (_, n) => header.map((_, column) => (column === 0 ? "Amit" : n)));
  const list = xlsxBytes([header, ...rows]);
  let done = false;
  const posted = post(await upload(list, XLSX)).finally(() => {
    done = true;
  });
  let answered = 0;
  for (; !done; answered++) {
    const { status } = await api.app.fetch(new Request("http://localhost:8000/v1/presets"));
    expect(status).toBe(200);
    // as the next request comes from a socket
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await posted).toMatchObject({ status: 202 });
  expect(answered).toBeGreaterThan(50);
});

test("a list as CSV, as XLSX or as names alone is taken", async () => {
  const lists = ["name,phone\nAmit,1\n", "name\nराम\n", xlsxBytes([["name"], ["李雷"]])];
  for (const list of lists) expect(await post(list)).toMatchObject({ status: 202 });
});

test("every fault of a list is told with its row and column, and nothing is left of the job", async () => {
  const { status, body } = await post("name,city\nAmit,Goa\n,Pune\nSita,\n", { text: "{name} of {city}" });
  expect({ status, ...body }).toMatchObject({
    ...{ status: 422, code: "invalid_request", detail: "Row 3, column 'name': is empty (and 1 more)" },
    errors: [
      { loc: LIST, msg: "Row 3, column 'name': is empty" },
      { loc: LIST, msg: "Row 4, column 'city': is empty" },
    ],
  });
  expect((await api.stored()).filter((key) => !key.startsWith("uploads/"))).toEqual([]);
});

test.each<[string, object, string[], string]>([
  ["mobile\n1\n", {}, LIST, "Missing column 'name'. The columns are: mobile."],
  ["name\nAmit\n", { text: "{town}" }, ["body", "params", "text"], "asks for the column 'town', which is not there."],
  ["name\nAmit\n", { rows: [2, 9] }, ["body", "params", "rows"], "asks for row 9, in which there is no recipient"],
])("%j with %j", async (list, params, loc, msg) => {
  const { status, body } = await post(list, params);
  expect({ status, errors: body.errors }).toMatchObject({
    status: 422,
    errors: [{ loc, msg: expect.stringContaining(msg) }],
  });
});

test("the list of an earlier job is looked at with the params of the new one", async () => {
  const { body: first } = await post("name,city\nAmit,Goa\n");
  const again = { job: first.id, input: "recipients" };
  expect(await post(again, { text: "{city}" })).toMatchObject({ status: 202 });
  expect(await post(again, { text: "{town}" })).toMatchObject({
    status: 422,
    body: { errors: [{ loc: ["body", "params", "text"] }] },
  });
});

test.each<[string, object, string, string]>([
  ["lip sync in a tier without", { tier: "gold", lip_sync: true }, "lip_sync", "choose the tier diamond or platinum"],
  [
    "markers that are missing",
    { tier: "platinum", consent: { subject: "self" } },
    "markers",
    "is needed by the tier 'platinum'",
  ],
  [
    "lips that say the words, without consent",
    { tier: "diamond", lip_sync: true },
    "consent",
    "is needed where somebody's face is changed",
  ],
  ["an unknown tier", { tier: "bronze" }, "tier", "must be one of silver, gold, diamond, platinum"],
])("%s is refused", async (_, params, name, msg) => {
  const { status, body } = await post("name\nAmit\n", params);
  expect({ status, errors: body.errors }).toMatchObject({
    status: 422,
    errors: [{ loc: ["body", "params", name], msg: expect.stringContaining(msg) }],
  });
});

test("clients neither see nor get the kinds that are parts of others", async () => {
  const text = async (path: string) => (await api.app.fetch(new Request(`http://localhost:8000${path}`))).text();
  const { kinds } = JSON.parse(await text("/v1/kinds")) as { kinds: { name: string }[] };
  const others = KINDS.filter(({ internal }) => !internal);
  expect(others.length).toBe(KINDS.length - 2);
  expect(kinds.map(({ name }) => name)).toEqual(others.map(({ name }) => name));
  for (const path of ["/openapi.json", "/health", "/"]) expect(await text(path)).not.toMatch(/"(survey|insert)"/);
  expect(await post("name\nAmit\n", {}, "survey")).toMatchObject({
    status: 422,
    body: { detail: expect.stringMatching(/^Unknown kind 'survey'\. Choose from: [^']*$/) },
  });
  expect((await post("name\nAmit\n", {}, "survey")).body.detail).not.toContain("insert");
});

test("the slot says what it takes, and a picture in it is refused with what would help", async () => {
  const { kinds } = (await (await api.app.fetch(new Request("http://localhost:8000/v1/kinds"))).json()) as {
    kinds: { name: string; inputs: Record<string, object> }[];
  };
  expect(kinds.find(({ name }) => name === "personalize")!.inputs.recipients).toEqual({
    ...{ content_types: ["text/csv", XLSX, "text/plain"], max_bytes: 5 * 1024 * 1024, required: true },
  });
  expect(await post(VIDEO)).toMatchObject({
    status: 415,
    body: { detail: expect.stringContaining("Use a CSV or XLSX file") },
  });
});
