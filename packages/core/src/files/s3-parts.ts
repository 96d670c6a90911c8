/**
 * A multipart upload: what is too large for one request is sent in parts as it comes, so that it lies on no disk. Nothing of it can be
 * seen until it is complete. What a process leaves behind that is killed, the bucket's lifecycle takes away.
 */
import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";

/** Maximum number of parts, by S3's own rules; all but the last have at least 5 MiB. */
export const MAX_PARTS = 10_000;

export type PartsTarget = { Bucket: string; Key: string; type: string; write: string };

export type PartsUpload = {
  /** The parts one after the other. */
  send(content: Uint8Array): Promise<void>;
  /** Answers the reply of S3; 412 where the key is taken, also by this very upload when its reply was lost. */
  complete(): Promise<{ ETag?: string | undefined }>;
  /** Never throws. */
  abort(): Promise<void>;
};

/** Errors are those of the SDK. */
export async function beginParts(
  client: S3Client,
  { Bucket, Key, type, write }: PartsTarget,
  signal?: AbortSignal,
): Promise<PartsUpload> {
  const options = signal ? { abortSignal: signal } : {};
  const about = { ContentType: type, Metadata: { write }, ChecksumAlgorithm: "SHA256" as const };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...about }), options);
  const upload = { Bucket, Key, UploadId };
  const parts: CompletedPart[] = [];
  return {
    async send(content) {
      const PartNumber = parts.length + 1;
      const ChecksumSHA256 = createHash("sha256").update(content).digest("base64");
      const sent = { PartNumber, Body: content, ContentLength: content.byteLength, ChecksumSHA256 };
      const { ETag } = await client.send(new UploadPartCommand({ ...upload, ...sent }), options);
      parts.push({ PartNumber, ETag, ChecksumSHA256 });
    },
    complete: () => {
      const completed = { ...upload, MultipartUpload: { Parts: parts }, IfNoneMatch: "*" };
      return client.send(new CompleteMultipartUploadCommand(completed), options);
    },
    abort: async () => {
      await client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
    },
  };
}
