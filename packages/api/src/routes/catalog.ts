/** What there is to choose from: presets, and kinds of jobs with their inputs and params. */
import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@smileloop/core/errors.ts";
import type { Kind } from "@smileloop/core/kinds.ts";
import { type Preset, presetPeaks } from "@smileloop/core/preset.ts";
import type { ApiDeps } from "../deps.ts";
import { type Api, newApi, problemReplies } from "../problem.ts";

const presetSchema = z
  .object({
    name: z.string(),
    title: z.string(),
    description: z.string(),
    duration: z.number().openapi({ description: "Seconds of one cycle." }),
    fps: z.number(),
    loop: z.boolean(),
    channels: z.record(z.string(), z.number()).openapi({ description: "The strongest value of each channel." }),
    preview_url: z.url().nullable(),
  })
  .openapi("Preset");

const kindSchema = z
  .object({
    name: z.string(),
    title: z.string(),
    inputs: z.record(
      z.string(),
      z.object({
        content_types: z.array(z.string()),
        max_bytes: z.int(),
        max_pixels: z.int(),
        max_side: z.int(),
        required: z.boolean(),
      }),
    ),
    params: z.record(z.string(), z.unknown()).openapi({ description: "JSON Schema." }),
    outputs: z.array(z.string()),
    engines: z.array(z.string()).openapi({ description: "Engines that serve it here, the default first." }),
  })
  .openapi("Kind");

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

export function catalogRoutes({ presets, kinds }: Pick<ApiDeps, "presets" | "kinds">): Api {
  const api = newApi();
  const names = [...presets.keys()].sort();
  api.openapi(presetsRoute, (c) => c.json({ presets: names.map((name) => viewPreset(presets.get(name)!)) }, 200));
  api.openapi(presetRoute, (c) => {
    const preset = presets.get(c.req.valid("param").name);
    if (!preset) throw new AppError("not_found", `There is no such preset. Choose from: ${names.join(", ")}`);
    return c.json(viewPreset(preset), 200);
  });
  api.openapi(kindsRoute, (c) => c.json({ kinds: [...kinds.values()].map(viewKind) }, 200));
  return api;
}

function viewPreset(preset: Preset): z.infer<typeof presetSchema> {
  const { name, title, description, duration, fps, loop } = preset;
  return { name, title, description, duration, fps, loop, channels: presetPeaks(preset), preview_url: null };
}

function viewKind({ name, title, slots, params, outputs, engines }: Kind): z.infer<typeof kindSchema> {
  const inputs = Object.entries(slots).map(([slot, { types, maxBytes, maxPixels, maxSide, required }]) => [
    slot,
    { content_types: types, max_bytes: maxBytes, max_pixels: maxPixels, max_side: maxSide, required },
  ]);
  const schema = z.toJSONSchema(params, { io: "input" }) as Record<string, unknown>;
  return { name, title, inputs: Object.fromEntries(inputs), params: schema, outputs, engines };
}
