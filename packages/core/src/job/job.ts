export * from "./change.ts";
export * from "./record.ts";
