/** Ids of requests. They name lines of the log and grant nothing, so a counter behind a random start is enough, and fast. */
import { randomBytes } from "node:crypto";

const SANE = /^[A-Za-z0-9._~-]{1,128}$/;

/** Takes the client's own id where it is sane, and makes one otherwise. */
export function createRequestIds(): (fromClient: string | null) => string {
  const start = randomBytes(6).toString("hex");
  let count = 0;
  return (fromClient) => {
    if (fromClient !== null && SANE.test(fromClient)) return fromClient;
    count += 1;
    return `${start}-${count.toString(36)}`;
  };
}
