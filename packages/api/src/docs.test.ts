import { kindsForClients } from "@smileloop/core/kinds/index.ts";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestApi, testApi } from "../../../test/support/api.ts";
import { CHROMIUM, openChromium } from "../../../test/support/chromium.ts";
import { PATIENCE_MS } from "../../../test/support/processes.ts";
import { jobRequestSchema } from "./routes/job-request.ts";

let api: TestApi;
beforeAll(async () => {
  api = testApi();
  await api.listen();
});
afterAll(() => api.close());

type Media = Record<string, { schema?: object }>;
type Operation = {
  operationId?: string;
  summary?: string;
  tags?: string[];
  requestBody?: { content: Record<string, { examples?: Record<string, { value: unknown }> }> };
  responses: Record<string, { $ref?: string; description?: string; content?: Media }>;
};
type Document = { openapi: string; paths: Record<string, Record<string, Operation>>; tags: { name: string }[] };

async function document(): Promise<Document> {
  return (await (await fetch(`${api.url}/openapi.json`)).json()) as Document;
}

function* operationsOf({ paths }: Document) {
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(item)) yield { path, method, operation };
  }
}

function refsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => (key === "$ref" ? [String(part)] : refsIn(part)));
}

describe("the OpenAPI document", () => {
  it("describes every operation, and all that it refers to is there", async () => {
    const found = await document();
    expect(found.openapi).toMatch(/^3\.1\./);
    for (const ref of refsIn(found)) {
      const target = ref
        .replace("#/", "")
        .split("/")
        .reduce((at: unknown, name) => (at as Record<string, unknown>)?.[name], found);
      expect(target, ref).toBeDefined();
    }
    const tags = found.tags.map(({ name }) => name);
    const ids = [];
    for (const { path, method, operation } of operationsOf(found)) {
      const where = `${method} ${path}`;
      expect(operation.summary, where).toMatch(/\w{2}/);
      expect(tags, where).toContain(operation.tags?.[0]);
      expect(Object.keys(operation.responses).length, where).toBeGreaterThan(0);
      for (const reply of Object.values(operation.responses)) expect(reply.description, where).toBeTruthy();
      ids.push(operation.operationId);
    }
    expect(ids).not.toContain(undefined);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(
      expect.arrayContaining(["animate", "getSimpleJob", "downloadVideo", "postJobs", "getJobsById"]),
    );
  });

  it("shows a request for each kind, which the kind takes", async () => {
    const content = (await document()).paths["/v1/jobs"]?.post?.requestBody?.content;
    const examples = content?.["application/json"]?.examples ?? {};
    expect(Object.keys(examples)).toEqual([...kindsForClients(api.deps.kinds).keys(), "by_url"]);
    for (const { value } of Object.values(examples)) {
      const { kind, inputs, params } = jobRequestSchema.parse(value);
      const { slots, conflicts, params: schema } = api.deps.kinds.get(kind)!;
      expect(Object.keys(slots)).toEqual(expect.arrayContaining(Object.keys(inputs)));
      expect(conflicts(schema.parse(params), Object.keys(inputs))).toEqual([]);
    }
  });

  it("sends neither an engine nor a mode where a form is tried out as it is", async () => {
    const operation = (await document()).paths["/animate"]?.post as unknown as {
      parameters: { name: string; description: string; schema: { default?: string; example?: string } }[];
      requestBody: { content: Record<string, { schema: { required: string[]; properties: Record<string, object> } }> };
    };
    const { required, properties } = operation.requestBody.content["multipart/form-data"]!.schema;
    expect(required).toEqual(["source_image", "preset"]);
    for (const [name, choices] of [
      ["engine", ["", "warp"]],
      ["mode", ["", "local", "cloud"]],
    ] as const) {
      expect(properties[name]).toMatchObject({ enum: choices, default: "", example: "" });
    }
    const [mode] = operation.parameters;
    expect(mode).toMatchObject({ name: "mode", description: expect.stringMatching(/MP4.*JSON.*Accept/) });
    expect(mode?.schema).not.toHaveProperty("default");
  });

  it("has problem documents for the errors of the native API, details for those of the dialect", async () => {
    for (const { path, method, operation } of operationsOf(await document())) {
      for (const [status, { content }] of Object.entries(operation.responses)) {
        if (Number(status) < 400 || !content) continue;
        const type = path.startsWith("/v1/") ? "application/problem+json" : "application/json";
        expect(Object.keys(content), `${method} ${path} ${status}`).toContain(type);
      }
    }
  });
});

describe("what the pages load", () => {
  it("is served under a policy of self, and once only", async () => {
    for (const path of ["/docs", "/redoc", "/docs/swagger-ui.js", "/redoc/redoc.js", "/openapi.json"]) {
      const reply = await fetch(api.url + path);
      const policy = reply.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'self'; script-src 'self'; style-src 'self' 'sha256-");
      expect(policy).not.toContain("unsafe");
      const etag = reply.headers.get("etag") ?? "";
      const again = await fetch(api.url + path, { headers: { "If-None-Match": etag } });
      expect([reply.status, again.status, (await again.text()).length]).toEqual([200, 304, 0]);
    }
  });

  it("is a fixed list of names", async () => {
    const names = ["package.json", "swagger-ui-bundle.js", "..%2f..%2fpackage.json", "%2e%2e/docs.ts", "start.js%00"];
    for (const name of names) {
      for (const dir of ["docs", "redoc"]) expect((await fetch(`${api.url}/${dir}/${name}`)).status, name).toBe(404);
    }
  });
});

const why = CHROMIUM ? "" : " (skipped: there is no Chromium on the PATH)";
describe.skipIf(!CHROMIUM)(`the pages in Chromium, with every host but loopback refused${why}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openChromium();
  });
  afterAll(() => browser?.close());

  /** What went wrong on the page so far: console errors, violations of the policy, requests to elsewhere. */
  async function watched(): Promise<{ page: Page; faults: string[] }> {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const faults: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) faults.push(message.text());
    });
    page.on("pageerror", (error) => faults.push(error.message));
    await page.route("**/*", (route) => {
      if (route.request().url().startsWith(`${api.url}/`)) return route.continue();
      faults.push(`foreign: ${route.request().url()}`);
      return route.abort();
    });
    return { page, faults };
  }

  it("/docs shows the operations, and one can be tried out", async () => {
    const { page, faults } = await watched();
    await page.goto(`${api.url}/docs`);
    await page.locator("#operations-Simple_API-animate .opblock-summary-control").click();
    await page.locator('#operations-Simple_API-animate input[type="file"]').waitFor();
    const shown = await page.locator(".opblock-summary-path").allInnerTexts();
    expect(shown.map((text) => text.replaceAll("\u200b", ""))).toEqual(
      expect.arrayContaining(["/animate", "/v1/jobs", "/v1/uploads", "/health"]),
    );
    await page.locator("#operations-Service-getHealth .opblock-summary-control").click();
    await page.locator("#operations-Service-getHealth .execute").click();
    await page
      .locator("#operations-Service-getHealth .live-responses-table", { hasText: "liveportrait_found" })
      .waitFor();
    expect(faults).toEqual([]);
  });

  it("/redoc shows the operations", async () => {
    const { page, faults } = await watched();
    await page.goto(`${api.url}/redoc`);
    await page.locator("h2", { hasText: "Animate a portrait and wait for the video" }).waitFor();
    await page.locator("h2", { hasText: "Create a job" }).first().waitFor();
    expect(faults).toEqual([]);
  });
});
