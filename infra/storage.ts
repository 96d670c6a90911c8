/** The one bucket: records, files, timers, and the assets of the documentation's pages. */
import { existsSync, globSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import manifest from "../package.json" with { type: "json" };
import { bucketPolicy } from "./policy/roles.ts";
import { paidHoursOf, type Settings } from "./policy/settings.ts";
import { corsRules, lifecycleRules, nameOf, type Stage } from "./policy.ts";

export type Storage = ReturnType<typeof createStorage>;

const TYPES: Record<string, string> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".webp": "image/webp",
  ".jpg": "image/jpeg",
  ".ico": "image/x-icon",
  ".html": "text/html",
  ".mp4": "video/mp4",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};

/** Private, TLS only, encrypted by S3 itself (SSE-S3: the adapters take an etag for a copy's, which SSE-KMS would not keep). */
export function createStorage(stage: Stage, settings: Settings) {
  const bucket = new aws.s3.Bucket("Files", {
    bucketPrefix: `${nameOf(stage, "files")}-`,
    // all of it is gone within a day anyway
    forceDestroy: true,
  });
  const of = { bucket: bucket.bucket };
  const block = new aws.s3.BucketPublicAccessBlock("FilesPublicAccess", {
    ...of,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  new aws.s3.BucketOwnershipControls("FilesOwnership", { ...of, rule: { objectOwnership: "BucketOwnerEnforced" } });
  new aws.s3.BucketServerSideEncryptionConfiguration("FilesEncryption", {
    ...of,
    rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
  });
  new aws.s3.BucketPolicy("FilesPolicy", { ...of, policy: bucket.arn.apply(bucketPolicy) }, { dependsOn: block });
  new aws.s3.BucketLifecycleConfiguration("FilesLifecycle", { ...of, rules: lifecycleRules(paidHoursOf(settings)) });
  storeAssets(bucket, join($cli.paths.root, "dist/assets"));
  return { name: bucket.bucket, arn: bucket.arn };
}

/** Pages of the API's own address may upload and show, and those of the configured origins and apps. */
export function allowUploads({ name }: Storage, apiUrl: $util.Output<string>, { corsOrigins, publicUrl }: Settings) {
  const others = publicUrl ? [...corsOrigins, new URL(publicUrl).origin] : corsOrigins;
  new aws.s3.BucketCorsConfiguration("FilesCors", {
    bucket: name,
    corsRules: apiUrl.apply((url) => corsRules([new URL(url).origin, ...others])),
  });
}

/** `assets/<version>/…`: those of a new version come before its code, and those of the old one go after it. */
function storeAssets(bucket: aws.s3.Bucket, dir: string) {
  if (!existsSync(dir)) throw new Error(`${dir} is missing: run \`npm run bundle\` first, or \`npm run deploy\`.`);
  const files = globSync("**/*", { cwd: dir }).filter((name) => statSync(join(dir, name)).isFile());
  for (const name of files.map((file) => file.replaceAll("\\", "/")).sort()) {
    new aws.s3.BucketObjectv2(`Asset-${name.replaceAll("/", "-")}`, {
      bucket: bucket.bucket,
      key: `assets/${manifest.version}/${name}`,
      source: new $util.asset.FileAsset(join(dir, name)),
      contentType: TYPES[extname(name)] ?? "application/octet-stream",
      cacheControl: "public, max-age=86400",
    });
  }
}
