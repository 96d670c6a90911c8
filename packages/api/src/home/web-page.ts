/** The page for people, which is built in `packages/web`: itself, with what it has to know of this installation, and the files that it loads. */
import { AppError } from "@smileloop/core/errors.ts";
import { RESULT_LIFE_MS } from "@smileloop/core/job/record.ts";
import { type Assets, keepAssets, OPERATOR_INDEX, PAGE_INDEX, sendBytes } from "../assets.ts";
import type { ApiDeps } from "../deps.ts";
import { type Api, newApi } from "../problem.ts";

type PageDeps = Pick<ApiDeps, "assets" | "config" | "files" | "localLinks" | "lifeMs" | "clock">;

export type WebPage = {
  /** Null where it was not built. */
  send: ((request: Request) => Promise<Response>) | null;
  /** What it loads. */
  routes: Api;
};

/** Media types by the ending of the name; what has another one is not served. */
const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  jpg: "image/jpeg",
  webp: "image/webp",
  mp4: "video/mp4",
  webmanifest: "application/manifest+json",
};
/** What lies beside the page under a name that stays. */
const BESIDE = ["service-worker.js", "manifest.webmanifest", "icon-192.png", "icon-512.png"];
const KEPT = "public, max-age=31536000, immutable";
/** Where the page has the facts of this installation. */
const FACTS = "%FACTS%";

export function webPage(deps: PageDeps): WebPage {
  const { assets } = deps;
  const kept = keepAssets(assets);
  const routes = newApi();
  routes.get("/page/:file", async (c) => {
    const file = c.req.param("file");
    const type = TYPES[file.slice(file.lastIndexOf(".") + 1)];
    if (type === undefined || type === TYPES.html) throw new AppError("not_found", "There is no such file.");
    return sendBytes(c.req.raw, await kept(`page/${file}`), type, { "Cache-Control": KEPT });
  });
  for (const name of BESIDE) {
    const type = TYPES[name.slice(name.lastIndexOf(".") + 1)]!;
    routes.get(`/${name}`, async (c) => {
      // the worker of the page asks under the policy that it came with
      const headers = { "Cache-Control": "no-cache", "Content-Security-Policy": await policy() };
      return sendBytes(c.req.raw, await kept(`page/${name}`), type, headers);
    });
  }
  const policy = once(() => policyOf(deps));
  const index = keepAssets({ read: async () => withFacts(assets, factsOf(deps)) });
  const send = async (request: Request) =>
    sendBytes(request, await index(PAGE_INDEX), TYPES.html!, {
      "Cache-Control": "no-cache",
      Vary: "Accept",
      "Content-Security-Policy": await policy(),
      "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
    });
  routes.get("/app/jobs", async (c) => {
    const headers = { "Cache-Control": "no-cache", "Content-Security-Policy": await policy() };
    return sendBytes(c.req.raw, await kept(OPERATOR_INDEX), TYPES.html!, headers);
  });
  return { send: assets.names.has(PAGE_INDEX) ? send : null, routes };
}

async function withFacts(assets: Assets, facts: object): Promise<Uint8Array> {
  const text = Buffer.from(await assets.read(PAGE_INDEX)).toString("utf8");
  const json = JSON.stringify(facts).replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return Buffer.from(text.replace(FACTS, () => json));
}

/** `access`: `open`, `browser` (a token that the browser makes) or `key`. */
function factsOf({ config, lifeMs }: PageDeps): { access: string; lifeSeconds: number; version: string } {
  const access = config.access === "open" ? "open" : config.access.anonymous ? "browser" : "key";
  return { access, lifeSeconds: Math.round((lifeMs ?? RESULT_LIFE_MS) / 1000), version: config.version };
}

/** Scripts and styles of this server alone; files also from where the storage has them. */
async function policyOf({ config, files, localLinks, clock }: PageDeps): Promise<string> {
  const places = new Set<string>();
  if (config.publicUrl !== null) places.add(new URL(config.publicUrl).origin);
  if (localLinks === null) {
    const expiresAtMs = clock.now() + 60_000;
    const link = await files.link("assets/x", { method: "GET", expiresAtMs, type: "image/png", disposition: "inline" });
    places.add(new URL(link).origin);
  }
  const own = ["'self'", ...places].join(" ");
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src ${own} blob:`,
    `media-src ${own} blob:`,
    `connect-src ${own}`,
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
}
