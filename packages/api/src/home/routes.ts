/** `/`: a page for people, links for programs; `/developers`: what there is and how to begin; and what these pages load. */
import { keepAssets, previewAsset, sendBytes } from "../assets.ts";
import type { ApiDeps } from "../deps.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { linkOrigin } from "../http/origin.ts";
import { ICON } from "../icon.ts";
import { type Api, type ApiContext, newApi } from "../problem.ts";
import { homePage } from "./page.ts";
import { HOME_STYLE } from "./style.ts";
import { webPage } from "./web-page.ts";

const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
const HEADERS = { "Cache-Control": "no-cache", "Content-Security-Policy": POLICY };
/** Pictures change with the version only. */
const KEPT = { "Cache-Control": "public, max-age=86400" };

/** A portrait that may be published, for the command lines. */
export const SAMPLE_PATH = "/example.jpg";
/** By path. */
const FILES: Record<string, { type: string; asset: string }> = {
  [SAMPLE_PATH]: { type: "image/jpeg", asset: "home/example.jpg" },
  "/home/still.jpg": { type: "image/jpeg", asset: "home/still.jpg" },
  "/home/example.webp": { type: "image/webp", asset: "home/example.webp" },
  "/favicon.ico": { type: "image/x-icon", asset: "home/favicon.ico" },
};

type HomeDeps = Pick<ApiDeps, "presets" | "kinds" | "assets" | "config" | "files" | "localLinks" | "lifeMs" | "clock">;

export function homeRoutes(deps: HomeDeps, dialects: readonly Dialect[]): Api {
  const { presets, kinds, assets, config } = deps;
  const api = newApi();
  const web = webPage(deps);
  api.route("/", web.routes);
  const listed = [...presets.values()].map(({ name, description }) => {
    return { name, description, hasPreview: assets.names.has(previewAsset(name)) };
  });
  const developers = (c: ApiContext) => {
    const base = linkOrigin(config, c.req.raw);
    const closed = config.access !== "open";
    const commands = commandsOf(base, closed, dialects);
    const page = homePage({
      version: config.version,
      base,
      closed,
      commands,
      presets: listed,
      kinds: [...kinds.values()],
    });
    return c.html(page, 200, HEADERS);
  };
  api.get("/developers", developers);
  api.get("/", (c) => {
    c.header("Vary", "Accept");
    const wantsPage = /\btext\/html\b/i.test(c.req.header("Accept") ?? "");
    if (!wantsPage) return c.json(linksOf(linkOrigin(config, c.req.raw), config.version));
    return web.send?.(c.req.raw) ?? developers(c);
  });
  const texts = keepAssets({ read: async (path) => Buffer.from(path === "/home.css" ? HOME_STYLE : ICON) });
  const text = (path: string, type: string) =>
    api.get(path, async (c) => sendBytes(c.req.raw, await texts(path), type, HEADERS));
  text("/home.css", "text/css; charset=utf-8");
  text("/favicon.svg", "image/svg+xml");
  const kept = keepAssets(assets);
  for (const [path, { type, asset }] of Object.entries(FILES)) {
    api.get(path, async (c) => sendBytes(c.req.raw, await kept(asset), type, KEPT));
  }
  return api;
}

/** For programs that look at the root first. */
function linksOf(base: string, version: string) {
  const at = (path: string) => `${base}${path}`;
  return {
    ...{ name: "SmileLoop", version, developers: at("/developers") },
    ...{ docs: at("/docs"), redoc: at("/redoc"), openapi: at("/openapi.json") },
    ...{
      presets: at("/v1/presets"),
      voices: at("/v1/voices"),
      kinds: at("/v1/kinds"),
      health: at("/health"),
      ready: at("/ready"),
    },
  };
}

/** Fetches the sample and has something made of it, by the first dialect that says how. */
function commandsOf(base: string, closed: boolean, dialects: readonly Dialect[]): string[] {
  const command = dialects.find((dialect) => dialect.command)?.command;
  if (!command) return [];
  const file = SAMPLE_PATH.slice(1);
  const headers = closed ? ' -H "Authorization: Bearer $SMILELOOP_KEY"' : "";
  return [`curl -sSO ${base}${SAMPLE_PATH}`, `curl -sS${headers} ${command(base, file)}`];
}
