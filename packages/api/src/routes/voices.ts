/** The voices that texts can be said with. */
import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@smileloop/core/errors.ts";
import { speaksLanguage, type VoiceFacts } from "@smileloop/core/speech/voice-facts.ts";
import { shown } from "@smileloop/core/text.ts";
import { type VoiceView, voiceViewSchema } from "@smileloop/core/wire/catalog.ts";
import type { ApiDeps } from "../deps.ts";
import { type Api, newApi, problemReplies } from "../problem.ts";

const voiceSchema = z.object(voiceViewSchema.shape).openapi("Voice");

const voicesRoute = createRoute({
  method: "get",
  path: "/v1/voices",
  tags: ["Catalog"],
  summary: "List the voices",
  description: "To hear one, make a job that has a text said, with its name as `voice` and its `sample` as the text.",
  request: {
    query: z.strictObject({
      language: z.string().min(1).max(35).optional().describe("A BCP 47 tag: only voices of that language."),
    }),
  },
  responses: {
    200: {
      description: "All voices; those that every installation has come first",
      content: { "application/json": { schema: z.object({ voices: z.array(voiceSchema) }) } },
    },
    ...problemReplies("invalid_request"),
  },
});

const voiceRoute = createRoute({
  method: "get",
  path: "/v1/voices/{name}",
  tags: ["Catalog"],
  summary: "Get a voice",
  request: { params: z.object({ name: z.string() }) },
  responses: {
    200: { description: "The voice", content: { "application/json": { schema: voiceSchema } } },
    ...problemReplies("not_found"),
  },
});

export function voiceRoutes({ voices }: Pick<ApiDeps, "voices">): Api {
  const api = newApi();
  api.openapi(voicesRoute, (c) => {
    const language = c.req.valid("query").language?.replaceAll("_", "-");
    const found = voices.filter((voice) => language === undefined || speaksLanguage(voice, language));
    return c.json({ voices: found.map(view) }, 200);
  });
  api.openapi(voiceRoute, (c) => {
    const { name } = c.req.valid("param");
    const voice = voices.find((each) => each.name === name);
    if (!voice) throw new AppError("not_found", `There is no voice ${shown(name)}. GET /v1/voices lists them.`);
    return c.json(view(voice), 200);
  });
  return api;
}

function view({ languages, ...voice }: VoiceFacts): VoiceView {
  return { ...voice, languages: [...languages] };
}
