/** Services for finished files, whoever has made them. */
import { CONFORM_SERVICE } from "./conform-service.ts";
import { PREVIEW_SERVICE } from "./preview-service.ts";
import { PRINT_SERVICE } from "./print-service.ts";
import { REVIEW_SERVICE } from "./review-service.ts";

export const FILE_SERVICES = { ...CONFORM_SERVICE, ...REVIEW_SERVICE, ...PRINT_SERVICE, ...PREVIEW_SERVICE };
