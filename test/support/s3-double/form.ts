/** PostObject: uploads by HTML form, under a signed policy. */
import { S3Error } from "./errors.ts";
import { checkKey } from "./objects.ts";
import { checkChecksums, demand, type Role, type S3Reply } from "./request.ts";
import { checkPolicySignature, readCredential } from "./signature.ts";
import type { Store } from "./store.ts";

type Post = {
  headers: Record<string, string>;
  body: Buffer;
  bucket: string;
  region: string;
  store: Store;
  nowMs: number;
  roleOf: (accessKeyId: string) => Role;
};

/** What needs no condition of its own. */
const FREE = ["x-amz-signature", "file", "policy"];
const KNOWN =
  /^(key|policy|content-type|success_action_status|x-amz-(algorithm|credential|date|signature|security-token|meta-.+|checksum-sha256))$/;

export async function postObject(post: Post): Promise<S3Reply> {
  const { fields, file } = await readForm(post.headers["content-type"] ?? "", post.body);
  for (const name of fields.keys()) {
    if (!KNOWN.test(name)) throw new S3Error("NotImplemented", `The field ${name} is not supported.`);
  }
  const key = fields.get("key") ?? "";
  if (key === "") throw new S3Error("InvalidArgument", "Bucket POST must contain a field named 'key'.");
  const role = authorize(post, fields);
  if (key.includes("$" + "{filename}"))
    throw new S3Error("NotImplemented", "Names of files in keys are not supported.");
  checkPolicy(post, fields, file.byteLength);
  checkKey(key);
  demand({ role }, "s3:PutObject", key);
  checkChecksums(Object.fromEntries(fields), file);
  const metadata = Object.fromEntries([...fields].filter(([name]) => name.startsWith("x-amz-meta-")));
  const type = fields.get("content-type") ?? "binary/octet-stream";
  const { etag } = post.store.put(key, { body: file, type, metadata }, {});
  const status = Number(fields.get("success_action_status") ?? 204);
  if (![200, 204].includes(status)) throw new S3Error("NotImplemented", "Only the statuses 200 and 204 are supported.");
  return { status, headers: { ETag: `"${etag}"` }, body: "" };
}

/** Names in lower case. What comes after the file is ignored, as S3 does. */
async function readForm(contentType: string, body: Buffer): Promise<{ fields: Map<string, string>; file: Buffer }> {
  const form = await new Response(body, { headers: { "Content-Type": contentType } }).formData().catch(() => {
    throw new S3Error("MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data.");
  });
  const fields = new Map<string, string>();
  for (const [name, value] of form) {
    if (name === "file") {
      return { fields, file: typeof value === "string" ? Buffer.from(value) : Buffer.from(await value.arrayBuffer()) };
    }
    if (typeof value === "string") fields.set(name.toLowerCase(), value);
  }
  throw new S3Error("InvalidArgument", "POST requires exactly one file upload per request.");
}

function authorize({ region, roleOf }: Post, fields: Map<string, string>): Role {
  const policy = fields.get("policy");
  const signature = fields.get("x-amz-signature");
  if (policy === undefined || signature === undefined) throw new S3Error("AccessDenied", "Access Denied");
  if (fields.get("x-amz-algorithm") !== "AWS4-HMAC-SHA256") throw new S3Error("InvalidArgument", "Unknown algorithm.");
  const scope = readCredential(fields.get("x-amz-credential") ?? "");
  const role = roleOf(scope.accessKeyId);
  const stamp = fields.get("x-amz-date") ?? "";
  const signed = { ...scope, stamp, signature, signedHeaders: [], expiresSeconds: null };
  checkPolicySignature(policy, signed, role.secretAccessKey, region);
  if (role.sessionToken !== fields.get("x-amz-security-token")) {
    throw new S3Error("InvalidToken", "The provided token is malformed or otherwise invalid.");
  }
  return role;
}

function checkPolicy({ bucket, nowMs }: Post, fields: Map<string, string>, bytes: number): void {
  const refused = (why: string) => new S3Error("AccessDenied", `Invalid according to Policy: ${why}`);
  const text = Buffer.from(fields.get("policy") ?? "", "base64").toString();
  const policy = JSON.parse(text) as { expiration: string; conditions: unknown[] };
  if (!(nowMs < Date.parse(policy.expiration))) throw refused("Policy expired.");
  const values = new Map([...fields, ["bucket", bucket]]);
  const open = new Set([...fields.keys()].filter((name) => !FREE.includes(name)));
  for (const condition of policy.conditions) {
    if (!Array.isArray(condition)) {
      for (const [name, value] of Object.entries(condition as Record<string, string>)) {
        if (values.get(name.toLowerCase()) !== value) throw refused(`Policy Condition failed: ${name}`);
        open.delete(name.toLowerCase());
      }
      continue;
    }
    const [how, what, more] = condition as [string, string | number, string | number];
    if (how === "content-length-range") {
      if (bytes < Number(what)) throw new S3Error("EntityTooSmall", "Your proposed upload is smaller than allowed");
      if (bytes > Number(more)) throw new S3Error("EntityTooLarge", "Your proposed upload exceeds the maximum allowed");
      continue;
    }
    const name = String(what).replace("$", "").toLowerCase();
    const value = values.get(name);
    const holds = how === "eq" ? value === more : how === "starts-with" && value?.startsWith(String(more));
    if (!holds) throw refused(`Policy Condition failed: ${name}`);
    open.delete(name);
  }
  if (open.size > 0) throw refused(`Extra input fields: ${[...open].join(", ")}`);
}
