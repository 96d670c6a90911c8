/** A worker on Lambda that the API calls: it reads the marks of a file. Lambda gives it nothing else meanwhile. */
import type { Files } from "@smileloop/core/files.ts";
import { type InspectEvent, type InspectReply, replyOf } from "@smileloop/core/inspector.ts";
import { type VerifyEvent, type VerifyReply, verifyEventSchema } from "@smileloop/core/verifier.ts";
import { createVerifier, type MarkReader } from "@smileloop/worker/verifier.ts";
import { serveInspectEvent } from "./inspect-event.ts";

type VerifyEventDeps = { reader: MarkReader; files: Files; workRoot: string };

/** What the API calls the function for, beside its queues. */
export type LookEvent = InspectEvent | VerifyEvent;

export function serveLookEvent(
  deps: VerifyEventDeps & Parameters<typeof serveInspectEvent>[0],
  event: LookEvent,
): Promise<InspectReply | VerifyReply> {
  return "inspect" in event ? serveInspectEvent(deps, event) : serveVerifyEvent(deps, event);
}

function serveVerifyEvent({ reader, files, workRoot }: VerifyEventDeps, event: VerifyEvent): Promise<VerifyReply> {
  const verified = async () => {
    const { verify: file } = verifyEventSchema.parse(event);
    // nobody tells this function that the API has given up; what it does has limits of time
    const options = { owner: "", signal: new AbortController().signal };
    return createVerifier({ ...reader, files, workRoot }).verify(file, options);
  };
  return replyOf(verified());
}
