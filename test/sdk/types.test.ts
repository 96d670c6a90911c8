/** The SDK's types are those that the server checks. The compiler holds it: `npm run check` fails where they differ. */
import type { ErrorCode as ServerErrorCode } from "@smileloop/core/errors.ts";
import { ERRORS } from "@smileloop/core/errors.ts";
import type { AnimateJobParams } from "@smileloop/core/kinds/animate.ts";
import type { LipsyncJobParams } from "@smileloop/core/kinds/lipsync.ts";
import type { PersonalizeJobParams } from "@smileloop/core/kinds/personalize.ts";
import type { PreviewsJobParams } from "@smileloop/core/kinds/previews.ts";
import type { ProcessVideoJobParams } from "@smileloop/core/kinds/process.ts";
import type { SpeakJobParams } from "@smileloop/core/kinds/speak.ts";
import type { TalkJobParams } from "@smileloop/core/kinds/talk.ts";
import type * as catalog from "@smileloop/core/wire/catalog.ts";
import type { Inspection } from "@smileloop/core/wire/inspection.ts";
import type { JobPage, JobView } from "@smileloop/core/wire/job.ts";
import type { Problem } from "@smileloop/core/wire/problem.ts";
import type { UploadRequest, UploadTarget } from "@smileloop/core/wire/upload.ts";
import type { Verification } from "@smileloop/core/wire/verification.ts";
import type { WebhookBody } from "@smileloop/core/wire/webhook-event.ts";
import type * as sdk from "@smileloop/sdk/index.ts";
import { expectTypeOf, test } from "vitest";

/** Names of the fields. */
type Names<T> = keyof { [K in keyof T as string extends K ? never : K]: true };
/** What a field may hold. */
type Values<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };

test("what the server sends", () => {
  expectTypeOf<sdk.Job>().toEqualTypeOf<JobView>();
  expectTypeOf<sdk.JobPage>().toEqualTypeOf<JobPage>();
  expectTypeOf<sdk.WebhookBody>().toEqualTypeOf<WebhookBody>();
  expectTypeOf<sdk.Inspection>().toEqualTypeOf<Inspection>();
  expectTypeOf<sdk.Verification>().toEqualTypeOf<Verification>();
  expectTypeOf<sdk.Preset>().toEqualTypeOf<catalog.PresetView>();
  expectTypeOf<sdk.Kind>().toEqualTypeOf<catalog.KindView>();
  expectTypeOf<sdk.Voice>().toEqualTypeOf<catalog.VoiceView>();
  expectTypeOf<sdk.Problem>().toEqualTypeOf<Problem>();
  expectTypeOf<sdk.ErrorCode>().toEqualTypeOf<ServerErrorCode>();
});

test("what it takes", () => {
  expectTypeOf<sdk.UploadRequest>().toEqualTypeOf<UploadRequest>();
  expectTypeOf<sdk.UploadTarget>().toEqualTypeOf<UploadTarget>();
  expectTypeOf<Names<sdk.AnimateParams>>().toEqualTypeOf<Names<AnimateJobParams>>();
  expectTypeOf<Names<sdk.PreviewsParams>>().toEqualTypeOf<Names<PreviewsJobParams>>();
  expectTypeOf<Names<sdk.TalkParams>>().toEqualTypeOf<Names<TalkJobParams>>();
  expectTypeOf<Names<sdk.LipsyncParams>>().toEqualTypeOf<Names<LipsyncJobParams>>();
  expectTypeOf<Names<sdk.SpeakParams>>().toEqualTypeOf<Names<SpeakJobParams>>();
  expectTypeOf<Names<sdk.PersonalizeParams>>().toEqualTypeOf<Names<PersonalizeJobParams>>();
  expectTypeOf<Names<sdk.ProcessParams>>().toEqualTypeOf<
    Exclude<Names<ProcessVideoJobParams>, "processors"> | "engine"
  >();
  // what the server has after its defaults may be sent to it
  expectTypeOf<Values<AnimateJobParams>>().toExtend<Values<Omit<sdk.AnimateParams, "format">>>();
  expectTypeOf<Values<PreviewsJobParams>>().toExtend<Values<sdk.PreviewsParams>>();
  expectTypeOf<Values<TalkJobParams>>().toExtend<Values<Omit<sdk.TalkParams, "format">>>();
  expectTypeOf<Values<Omit<LipsyncJobParams, "format" | "sync_mode">>>().toExtend<
    Values<Omit<sdk.LipsyncParams, "format" | "sync_mode">>
  >();
  expectTypeOf<Values<SpeakJobParams>>().toExtend<Values<Omit<sdk.SpeakParams, "format">>>();
  expectTypeOf<Values<PersonalizeJobParams>>().toExtend<Values<sdk.PersonalizeParams>>();
  expectTypeOf<Values<ProcessVideoJobParams>>().toExtend<Values<Omit<sdk.ProcessParams, "engine">>>();
});

test("every error code of the server has a sentence and a place in the type", ({ expect }) => {
  const codes: Record<sdk.ErrorCode, unknown> = ERRORS;
  expect(Object.keys(codes).length).toBeGreaterThan(40);
});
