/** Services for finished files, whichever engine has made them. */
import { CONFORM_SERVICE } from "./conform-service.ts";
import { FINISH_SERVICE } from "./finish-service.ts";
import { LUMA_SERVICE } from "./luma-service.ts";
import { PREVIEW_SERVICE } from "./preview-service.ts";
import { PRINT_SERVICE } from "./print-service.ts";
import { REVIEW_SERVICE } from "./review-service.ts";

export const FILE_SERVICES = {
  ...FINISH_SERVICE,
  ...CONFORM_SERVICE,
  ...REVIEW_SERVICE,
  ...PRINT_SERVICE,
  ...LUMA_SERVICE,
  ...PREVIEW_SERVICE,
};
