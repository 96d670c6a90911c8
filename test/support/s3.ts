/**
 * A bucket of the double with a client that may do everything, on one clock. It starts at the present second: a client whose
 * machine's clock is minutes off repeats every call that fails, and no test is about that unless it says so.
 */
import { createS3Client } from "@smileloop/core/files/s3.ts";
import { type ManualClock, manualClock } from "./manual-clock.ts";
import { type Role, type S3DoubleOptions, startS3Double } from "./s3-double/server.ts";

export const ADMIN: Role = { accessKeyId: "AKIDADMIN", secretAccessKey: "admin-secret" };

export async function openBucket(options: Partial<S3DoubleOptions> = {}) {
  const clock: ManualClock = manualClock(Math.floor(Date.now() / 1000) * 1000);
  const double = await startS3Double({ clock, roles: [ADMIN], ...options });
  const clients: { destroy(): void }[] = [];
  const clientOf = (role: Role) => {
    const { accessKeyId, secretAccessKey, sessionToken } = role;
    const credentials = { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
    const client = createS3Client({ region: double.region, endpoint: double.endpoint, credentials });
    clients.push(client);
    return client;
  };
  const close = async () => {
    for (const client of clients) client.destroy();
    await double.close();
  };
  return { clock, double, bucket: double.bucket, client: clientOf(ADMIN), clientOf, close };
}
