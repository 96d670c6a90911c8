/**
 * S3 or SQS as a process of its own, so that it does not share a thread with what is measured:
 *
 *     node aws-doubles.ts s3 | sqs     says where it is: {"endpoint"}
 */
import { systemClock } from "@smileloop/core/clock.ts";
import { lanesOf } from "../../infra/policy/engines.ts";
import { ADMIN } from "../../test/support/s3.ts";
import { startS3Double } from "../../test/support/s3-double/server.ts";
import { openSqs } from "../../test/support/sqs.ts";

const LANES = lanesOf({ name: "warp" });

const { endpoint } =
  process.argv[2] === "sqs" ? await openSqs([...LANES]) : await startS3Double({ clock: systemClock, roles: [ADMIN] });
process.stdout.write(`${JSON.stringify({ endpoint })}\n`);
