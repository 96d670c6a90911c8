/** The service `extract`: from a file in which a face moves to a Motion. */
import type { ExtractRequest, ExtractResult } from "@smileloop/core/engine-protocol.ts";
import { AppError } from "@smileloop/core/errors.ts";
import type { TaskContext } from "../task.ts";

export async function extract(_request: ExtractRequest, _context: TaskContext): Promise<ExtractResult> {
  throw new AppError("not_supported", "Driving clips are not read yet.");
}
