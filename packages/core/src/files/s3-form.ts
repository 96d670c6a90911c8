/**
 * The signed fields of an HTML form that uploads to S3 (a POST policy, "Browser-Based Uploads Using POST" in the S3 API
 * reference).
 */
import { createHmac } from "node:crypto";

type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string | undefined };

type S3FormOptions = {
  bucket: string;
  key: string;
  region: string;
  credentials: Credentials;
  type: string;
  /** Maximum size of the file, bytes; the minimum is 1. */
  maxBytes: number;
  nowMs: number;
  expiresAtMs: number;
};

export function signedFormFields(options: S3FormOptions): Record<string, string> {
  const { bucket, key, region, credentials, type, maxBytes, nowMs, expiresAtMs } = options;
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const date = stamp.slice(0, 8);
  const fields: Record<string, string> = {
    key,
    "Content-Type": type,
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential": `${credentials.accessKeyId}/${date}/${region}/s3/aws4_request`,
    "x-amz-date": stamp,
  };
  if (credentials.sessionToken) fields["x-amz-security-token"] = credentials.sessionToken;
  const conditions = [
    { bucket },
    ["content-length-range", 1, maxBytes],
    ...Object.entries(fields).map(([name, value]) => ({ [name]: value })),
  ];
  const policy = JSON.stringify({ expiration: new Date(expiresAtMs).toISOString(), conditions });
  fields.policy = Buffer.from(policy).toString("base64");
  const hmac = (secret: string | Uint8Array, text: string) => createHmac("sha256", secret).update(text).digest();
  const key4 = [date, region, "s3", "aws4_request"].reduce<Uint8Array>(
    hmac,
    Buffer.from(`AWS4${credentials.secretAccessKey}`),
  );
  fields["x-amz-signature"] = hmac(key4, fields.policy).toString("hex");
  return fields;
}
