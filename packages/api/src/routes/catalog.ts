/** What there is to choose from: presets, and kinds of jobs with their inputs and params. */
import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@smileloop/core/errors.ts";
import { typesOf } from "@smileloop/core/kinds/inputs.ts";
import type { Kind } from "@smileloop/core/kinds/kind.ts";
import { type Preset, presetPeaks } from "@smileloop/core/motion/preset.ts";
import { type KindView, kindViewSchema, type PresetView, presetViewSchema } from "@smileloop/core/wire/catalog.ts";
import { keepAssets, previewAsset, sendBytes } from "../assets.ts";
import type { ApiDeps } from "../deps.ts";
import { linkOrigin } from "../http/origin.ts";
import { type Api, newApi, problemReplies } from "../problem.ts";

const presetSchema = z.object(presetViewSchema.shape).openapi("Preset");
const kindSchema = z.object(kindViewSchema.shape).openapi("Kind");

const presetsRoute = createRoute({
  method: "get",
  path: "/v1/presets",
  tags: ["Catalog"],
  summary: "List the presets",
  responses: {
    200: {
      description: "All presets, by name",
      content: { "application/json": { schema: z.object({ presets: z.array(presetSchema) }) } },
    },
  },
});

const presetRoute = createRoute({
  method: "get",
  path: "/v1/presets/{name}",
  tags: ["Catalog"],
  summary: "Get a preset",
  request: { params: z.object({ name: z.string() }) },
  responses: {
    200: { description: "The preset", content: { "application/json": { schema: presetSchema } } },
    ...problemReplies("not_found"),
  },
});

const previewRoute = createRoute({
  method: "get",
  path: "/v1/presets/{name}/preview",
  tags: ["Catalog"],
  summary: "Get the animated preview of a preset",
  description: "HEAD and If-None-Match are supported.",
  request: { params: z.object({ name: z.string() }) },
  responses: {
    200: {
      description: "The preview; it can be cached for a day",
      content: { "image/webp": { schema: { type: "string", format: "binary" } } },
    },
    304: { description: "Not modified" },
    ...problemReplies("not_found"),
  },
});

const kindsRoute = createRoute({
  method: "get",
  path: "/v1/kinds",
  tags: ["Catalog"],
  summary: "List the kinds of jobs",
  responses: {
    200: {
      description: "All kinds",
      content: { "application/json": { schema: z.object({ kinds: z.array(kindSchema) }) } },
    },
  },
});

type CatalogDeps = Pick<ApiDeps, "presets" | "assets" | "kinds" | "config">;

export function catalogRoutes({ presets, assets, kinds, config }: CatalogDeps): Api {
  const api = newApi();
  const names = [...presets.keys()].sort();
  const find = (name: string): Preset => {
    const preset = presets.get(name);
    if (!preset) throw new AppError("not_found", `There is no such preset. Choose from: ${names.join(", ")}`);
    return preset;
  };
  const view = (preset: Preset, request: Request): PresetView => {
    const { name, title, description, duration, fps, loop } = preset;
    const url = `${linkOrigin(config, request)}/v1/presets/${name}/preview`;
    const preview_url = assets.names.has(previewAsset(name)) ? url : null;
    return { name, title, description, duration, fps, loop, channels: presetPeaks(preset), preview_url };
  };
  api.openapi(presetsRoute, (c) => c.json({ presets: names.map((name) => view(find(name), c.req.raw)) }, 200));
  api.openapi(presetRoute, (c) => c.json(view(find(c.req.valid("param").name), c.req.raw), 200));
  const picture = keepAssets(assets);
  api.openapi(previewRoute, async (c) => {
    const asset = previewAsset(find(c.req.valid("param").name).name);
    if (!assets.names.has(asset)) throw new AppError("not_found", "This preset has no preview.");
    return sendBytes(c.req.raw, await picture(asset), "image/webp", { "Cache-Control": "public, max-age=86400" });
  });
  api.openapi(kindsRoute, (c) => c.json({ kinds: [...kinds.values()].map(viewKind) }, 200));
  return api;
}

function viewKind({ name, title, slots, params, outputs, engines, capabilities }: Kind): KindView {
  const inputs = Object.entries(slots).map(([name, slot]) => [
    name,
    {
      content_types: typesOf(slot),
      max_bytes: slot.maxBytes,
      ...(slot.maxPixels === undefined ? {} : { max_pixels: slot.maxPixels }),
      ...(slot.maxSide === undefined ? {} : { max_side: slot.maxSide }),
      ...(slot.maxSeconds === undefined ? {} : { max_seconds: slot.maxSeconds }),
      ...(slot.files.max > 1 ? { files: slot.files } : {}),
      required: slot.files.min > 0,
    },
  ]);
  const offered = Object.fromEntries([...capabilities].map(([engine, names]) => [engine, [...names]]));
  const schema = z.toJSONSchema(params, { io: "input" }) as Record<string, unknown>;
  return { name, title, inputs: Object.fromEntries(inputs), params: schema, outputs, engines, capabilities: offered };
}
