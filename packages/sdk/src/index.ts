/** Portraits that smile and speak: the client of a SmileLoop server, for browsers, Node, edge workers and React Native. */

export { type ClientOptions, createSmileloop, type JobRequest, type Options, type Smileloop } from "./client.ts";
export { type ClientCode, SmileloopError } from "./errors.ts";
export { newId } from "./ids.ts";
export type { Store } from "./keep.ts";
export type * from "./output.ts";
export type * from "./params.ts";
export type { Recipient } from "./recipients.ts";
export type { Input, InputRef, Result, RunOptions, RunProgress } from "./run.ts";
export type * from "./types.ts";
export type { FileSource, UploadOptions } from "./upload.ts";
export type * from "./verification.ts";
export type * from "./webhook.ts";
export type * from "./webhook-body.ts";
