/** The API on Lambda, behind a Function URL (payload 2.0). */
import { readEnv } from "@smileloop/core/env.ts";
import { handle } from "hono/aws-lambda";
import { openCloudApi } from "./setup/cloud-api.ts";

const app = await openCloudApi(readEnv());

export const handler = handle(app as unknown as Parameters<typeof handle>[0]);
