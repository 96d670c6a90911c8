/** `/v1/files/…`: the server's own signed links, for storage that does not serve HTTP itself. */
import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "@smileloop/core/errors.ts";
import { type LinkGrant, LOCAL_LINKS_PATH, type LocalLinks } from "@smileloop/core/storage/local-links.ts";
import type { ApiDeps } from "../deps.ts";
import { emptyForm, readMultipart } from "../http/multipart.ts";
import { checkReadable } from "../http/open-output.ts";
import { openBody, type RequestBody } from "../http/request-body.ts";
import { sendFile } from "../http/send-file.ts";
import { type Api, type ApiContext, answerError, newApi, problemReplies } from "../problem.ts";

const link = {
  params: z.object({ key: z.string().openapi({ description: "Part of a link that this server has made." }) }),
  query: z.object({ grant: z.string(), signature: z.string() }),
};
const description = "Links are made by the server and are to be used as they stand.";

const getRoute = createRoute({
  method: "get",
  path: "/v1/files/{key}",
  tags: ["Files"],
  summary: "Read a file by its signed link",
  description,
  request: link,
  responses: {
    200: { description: "The file" },
    206: { description: "A range of it" },
    304: { description: "It is the one that the client has" },
    ...problemReplies("bad_signature", "link_expired", "not_found", "range_not_satisfiable"),
  },
});

const putRoute = createRoute({
  method: "put",
  path: "/v1/files/{key}",
  tags: ["Files"],
  summary: "Store a file by its signed link, once",
  description,
  request: { ...link, body: { content: { "*/*": { schema: { type: "string", format: "binary" } } } } },
  responses: {
    200: { description: "It has arrived", headers: { ETag: { schema: { type: "string" } } } },
    ...problemReplies("bad_signature", "link_expired", "already_exists", "invalid_request"),
  },
});

const postRoute = createRoute({
  method: "post",
  path: "/v1/files/{key}",
  tags: ["Files"],
  summary: "Store a file by its signed form, once",
  description: "Send the fields that came with the link, and after them the file as `file`.",
  request: {
    ...link,
    body: {
      content: { "multipart/form-data": { schema: z.object({ file: z.string().openapi({ format: "binary" }) }) } },
    },
  },
  responses: {
    204: { description: "It has arrived", headers: { ETag: { schema: { type: "string" } } } },
    ...problemReplies("malformed", "empty_file", "bad_signature", "link_expired", "already_exists", "too_large"),
  },
});

export function fileRoutes(deps: ApiDeps): Api {
  const api = newApi();
  const { localLinks } = deps;
  if (!localLinks) return api;
  // keys have slashes, which a path of OpenAPI cannot say: the document and the router are told each in its own way
  api.openAPIRegistry.registerPath(getRoute);
  api.openAPIRegistry.registerPath(putRoute);
  api.openAPIRegistry.registerPath(postRoute);
  api.get(`${LOCAL_LINKS_PATH}*`, async (c) => {
    const { key, type, disposition } = granted(localLinks, deps, c);
    await checkReadable(deps, key);
    return sendFile(deps, c.req.raw, key, { type, disposition: disposition ?? "attachment" });
  });
  api.put(`${LOCAL_LINKS_PATH}*`, async (c) => {
    const body = openBody(c.req.raw);
    try {
      return await receive(deps, c, granted(localLinks, deps, c), body);
    } catch (error) {
      return body.answer(answerError(deps)(error, c));
    }
  });
  api.post(`${LOCAL_LINKS_PATH}*`, async (c) => {
    const body = openBody(c.req.raw, c.env);
    try {
      return await receiveForm(deps, c, granted(localLinks, deps, c), body);
    } catch (error) {
      return body.answer(answerError(deps)(error, c));
    }
  });
  return api;
}

function granted(links: LocalLinks, { clock }: ApiDeps, c: ApiContext): LinkGrant {
  return links.verify(c.req.method, new URL(c.req.url), clock.now());
}

async function receive({ files }: ApiDeps, c: ApiContext, grant: LinkGrant, body: RequestBody): Promise<Response> {
  const { key, type, bytes, sha256 } = grant;
  if (c.req.header("content-type")?.toLowerCase() !== type) {
    throw new AppError("bad_signature", `This link takes a file with Content-Type: ${type}.`);
  }
  const announced = c.req.header("content-length");
  if (announced !== undefined && bytes !== undefined && Number(announced) !== bytes) {
    throw new AppError("invalid_request", `The upload was announced with ${bytes} bytes, and ${announced} came.`);
  }
  const { etag } = await files.put(key, chunksOf(body), { type, bytes, sha256, signal: c.req.raw.signal });
  return new Response(null, { status: 200, headers: { ETag: `"${etag}"` } });
}

/** As S3 takes it: what the fields say has to be what was signed, and what comes after the file does not count. */
async function receiveForm({ files }: ApiDeps, c: ApiContext, grant: LinkGrant, body: RequestBody): Promise<Response> {
  const { key, type, maxBytes = 0 } = grant;
  const form = emptyForm<string>();
  const spec = {
    fields: { key: { maxBytes: 400 }, "Content-Type": { maxBytes: 100 } },
    files: { file: { maxBytes } },
    async onFile(_name: string, content: AsyncIterable<Uint8Array>) {
      const asSigned = form.fields.get("key") === key && form.fields.get("Content-Type") === type;
      if (!asSigned || form.faults.length > 0) {
        throw new AppError("bad_signature", "The fields of this form are not the ones that were given with its link.");
      }
      const { etag } = await files.put(key, notEmpty(content), { type, maxBytes, signal: c.req.raw.signal });
      return etag;
    },
  };
  await readMultipart(body, c.req.header("content-type") ?? null, spec, form);
  const etag = form.files.get("file");
  if (etag === undefined) throw new AppError("malformed", "The form has no part named `file`.");
  return new Response(null, { status: 204, headers: { ETag: `"${etag}"` } });
}

async function* notEmpty(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.byteLength;
    yield chunk;
  }
  if (bytes === 0) throw new AppError("empty_file", "The file is empty.");
}

async function* chunksOf(body: RequestBody): AsyncGenerator<Uint8Array> {
  for (let chunk = await body.read(); chunk; chunk = await body.read()) yield chunk;
}
