/**
 * The document of the API and two ways to read it in a browser. Everything that the pages load is served from here, so they
 * work with no network.
 */

import { RESULT_LIFE_MS } from "@smileloop/core/job/record.ts";
import { spanOf } from "@smileloop/core/text.ts";
import type { DoorOf } from "./access.ts";
import { describeAccess } from "./access-document.ts";
import { type Assets, keepAssets, sendBytes } from "./assets.ts";
import type { ApiConfig } from "./deps.ts";
import type { Dialect } from "./dialects/dialect.ts";
import { ICON } from "./icon.ts";
import { type Api, newApi } from "./problem.ts";

/** Exactly the two inline styles of ReDoc 2.5.4: an empty one, which it fills by script, and that of its scroll bars. */
const REDOC_STYLES =
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='";

const POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  `style-src 'self' ${REDOC_STYLES}`,
  // icons inside the style sheet of Swagger UI
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Everything that it loads is named relative to it, so that it works behind a proxy that puts a path before ours. */
const page = (title: string, head: string, body: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" type="image/svg+xml" href="docs/icon.svg">
${head}
</head>
<body>
${body}
</body>
</html>
`;

const DOCS = page(
  "SmileLoop API",
  '<link rel="stylesheet" href="docs/swagger-ui.css">',
  '<div id="docs"></div>\n<script src="docs/swagger-ui.js"></script>\n<script src="docs/start.js"></script>',
);
const DOCS_START = `SwaggerUIBundle({
  url: "openapi.json", dom_id: "#docs", deepLinking: true, filter: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout", tryItOutEnabled: true, displayRequestDuration: true,
});
`;
const REDOC = page(
  "SmileLoop API reference",
  '<link rel="stylesheet" href="redoc/redoc.css">',
  '<div id="docs"></div>\n<script src="redoc/redoc.js"></script>\n<script src="redoc/start.js"></script>',
);
// its search runs in a worker made from a blob, which the policy would have to allow
const REDOC_START = `Redoc.init("openapi.json", { disableSearch: true, hideDownloadButtons: true },
  document.getElementById("docs"));
`;
const REDOC_STYLE = "body { margin: 0; font-family: sans-serif; }\n";

const HTML = "text/html; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";

/** What is made here, by path. */
const TEXTS: Record<string, { type: string; text: string }> = {
  "/docs": { type: HTML, text: DOCS },
  "/docs/start.js": { type: SCRIPT, text: DOCS_START },
  "/docs/icon.svg": { type: "image/svg+xml", text: ICON },
  "/redoc": { type: HTML, text: REDOC },
  "/redoc/start.js": { type: SCRIPT, text: REDOC_START },
  "/redoc/redoc.css": { type: STYLE, text: REDOC_STYLE },
};

/** What is others' work, by path. No name that a client sends ever becomes a file's path. */
const FILES: Record<string, { type: string; asset: string }> = {
  "/docs/swagger-ui.js": { type: SCRIPT, asset: "docs/swagger-ui.js" },
  "/docs/swagger-ui.css": { type: STYLE, asset: "docs/swagger-ui.css" },
  "/redoc/redoc.js": { type: SCRIPT, asset: "redoc/redoc.js" },
};

const DOCUMENT = "/openapi.json";
/** Everything that `docsRoutes` serves. */
export const DOCS_PATHS = [DOCUMENT, ...Object.keys(TEXTS), ...Object.keys(FILES)];

const about = (dialects: readonly Dialect[], lifeMs = RESULT_LIFE_MS) => `Upload files, start a job, fetch its results.

${dialects.map(({ tag }) => `- **${tag.name}**: ${tag.about}\n`).join("")}\
- **Uploads**, **Jobs**: files go straight to storage, jobs can be followed, canceled and repeated safely. \`GET /v1/kinds\` lists the kinds of jobs,
  such as a portrait that moves, one that speaks, or a text that is said.

Results are kept for ${spanOf(lifeMs)} after the job ends, uploads for as long from their creation. Errors of \`/v1\` are problem documents (RFC 9457)
with a \`code\`; every reply carries \`X-Request-Id\`.`;
const TAGS = [
  { name: "Uploads", description: "Links for uploading files." },
  { name: "Jobs", description: "Work and its results." },
  { name: "Webhooks", description: "Events that report how jobs have ended." },
  { name: "Payments", description: "The sale of clean files, where the operator has a price." },
  { name: "Catalog", description: "What you can ask for." },
  { name: "Files", description: "The server's own signed links." },
  { name: "Service", description: "Health and readiness." },
  { name: "Operator", description: "For those who run the service, with a separate key." },
  { name: "Takedown", description: "For everybody: to have something taken down." },
];

type Described = { dialects: readonly Dialect[]; doorOf: DoorOf; lifeMs?: number | undefined };

/** The OpenAPI 3.1 document of all routes of `api`. */
export function documentOf(
  api: Api,
  config: Pick<ApiConfig, "version" | "publicUrl" | "access">,
  { dialects, doorOf, lifeMs }: Described,
): object {
  const { version, publicUrl, access } = config;
  const document = api.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "SmileLoop", version, description: about(dialects, lifeMs), license: { name: "MIT" } },
    servers: [{ url: publicUrl ?? "/" }],
    tags: [...dialects.map(({ tag: { name, description } }) => ({ name, description })), ...TAGS],
  });
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of ["get", "put", "post", "delete", "patch"] as const) {
      const operation = item[method];
      if (operation) operation.operationId ??= operationId(method, path);
    }
  }
  describeAccess(document, access, doorOf);
  return document;
}

/** `get /v1/jobs/{id}/events` → `getJobsByIdEvents`. */
function operationId(method: string, path: string): string {
  const words =
    path
      .replace(/^\/v1/, "")
      .replaceAll("{", "by-")
      .match(/[A-Za-z0-9]+/g) ?? [];
  return method + words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join("");
}

/** `/openapi.json`, `/docs`, `/redoc`, and what those two load. */
export function docsRoutes(document: () => object, assets: Assets): Api {
  const api = newApi();
  const headers = { "Cache-Control": "no-cache", "Content-Security-Policy": POLICY };
  const made = keepAssets({
    read: async (path) => Buffer.from(TEXTS[path]?.text ?? JSON.stringify(document())),
  });
  for (const [path, { type }] of Object.entries({ ...TEXTS, [DOCUMENT]: { type: "application/json" } })) {
    api.get(path, async (c) => sendBytes(c.req.raw, await made(path), type, headers));
  }
  const kept = keepAssets(assets);
  for (const [path, { type, asset }] of Object.entries(FILES)) {
    api.get(path, async (c) => sendBytes(c.req.raw, await kept(asset), type, headers));
  }
  return api;
}
