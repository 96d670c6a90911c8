/** A worker on Lambda that the API calls: it reads the marks of a file. Lambda gives it nothing else meanwhile. */
import type { Files } from "@smileloop/core/files.ts";
import { replyOf } from "@smileloop/core/inspector.ts";
import { type VerifyEvent, type VerifyReply, verifyEventSchema } from "@smileloop/core/verifier.ts";
import { createVerifier, type MarkReader } from "@smileloop/worker/verifier.ts";

type VerifyEventDeps = { reader: MarkReader; files: Files; workRoot: string };

export function serveVerifyEvent(
  { reader, files, workRoot }: VerifyEventDeps,
  event: VerifyEvent,
): Promise<VerifyReply> {
  const verified = async () => {
    const { verify: file } = verifyEventSchema.parse(event);
    // nobody tells this function that the API has given up; what it does has limits of time
    const options = { owner: "", signal: new AbortController().signal };
    return createVerifier({ ...reader, files, workRoot }).verify(file, options);
  };
  return replyOf(verified());
}
