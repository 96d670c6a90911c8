/** JSON bodies are small: longer ones are refused before they fill the memory. */
import { AppError } from "@smileloop/core/errors.ts";
import { bodyLimit } from "hono/body-limit";

export const MAX_JSON_BYTES = 256 * 1024;

/** A middleware for routes that take JSON. */
export const limitedJson = bodyLimit({
  maxSize: MAX_JSON_BYTES,
  onError: () => {
    throw new AppError("too_large", `The body is larger than ${MAX_JSON_BYTES} bytes.`);
  },
});
