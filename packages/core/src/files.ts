/**
 * The port to where files live. Keys come from `keys.ts`; a key can never leave the storage (`..`, absolute paths, NUL,
 * back slashes and encoded separators are `not_found`). A reader sees a whole file or none.
 *
 * Errors of all methods: `storage_unavailable`, `storage_full`. What the body of a `put` or an aborted signal throws is passed on.
 */
export type FileInfo = {
  key: string;
  bytes: number;
  type: string;
  /** The storage's own name for this content, without quotes. */
  etag: string;
  /** Milliseconds since 1970, by the storage's clock. */
  storedAtMs: number;
};

export type ListedFile = Omit<FileInfo, "type">;

/** First and last byte, inclusive, as in HTTP; `last` may lie beyond the end. A negative `first` counts from the end. */
export type ByteRange = { first: number; last?: number | undefined };

export type StoredFile = FileInfo & { range: { first: number; last: number } | null; body: ReadableStream<Uint8Array> };

export type PutOptions = {
  type: string;
  /** Refuses a body of another length (`invalid_request`), and stops reading as soon as it is longer. */
  bytes?: number | undefined;
  /** Refuses a body with another hash (`invalid_request`). Hex. */
  sha256?: string | undefined;
  /** Stops reading and refuses with `too_large` beyond this. */
  maxBytes?: number | undefined;
  signal?: AbortSignal | undefined;
};

export type UploadTarget = { url: string; headers: Record<string, string> };

/** An HTML form: POST to `url` as multipart/form-data, with these fields and after them the file as `file`. */
export type UploadForm = { url: string; fields: Record<string, string> };

export interface Files {
  /** Stores a file once: throws `already_exists` when the key is taken. After any error nothing of it can be seen. */
  put(key: string, body: AsyncIterable<Uint8Array>, options: PutOptions): Promise<FileInfo & { sha256: string }>;
  /** Throws `not_found`, or `range_not_satisfiable`. The body must be read or cancelled. */
  get(key: string, options?: { range?: ByteRange | undefined; signal?: AbortSignal | undefined }): Promise<StoredFile>;
  /** Throws `not_found`; `precondition_failed` when `from` no longer has this etag; `already_exists`. */
  copy(from: string, to: string, etag: string): Promise<void>;
  /**
   * A signed link to read a file, for everybody who holds it, until `expiresAtMs`. Either absolute, or a path of the server's own
   * (the API resolves it against its own origin).
   */
  link(
    key: string,
    options: { method: "GET" | "HEAD"; expiresAtMs: number; type: string; disposition: string },
  ): Promise<string>;
  /** A signed link to store exactly these bytes under a key once, by PUT. */
  uploadLink(
    key: string,
    options: { type: string; bytes: number; sha256?: string | undefined; expiresAtMs: number },
  ): Promise<UploadTarget>;
  /** A signed form to store a file of 1 to `maxBytes` bytes under a key, for clients that know no exact size. */
  uploadForm(key: string, options: { type: string; maxBytes: number; expiresAtMs: number }): Promise<UploadForm>;
  /**
   * In byte order, damaged files included, which `get` does not find. A prefix ends where a name ends: `foo` and `foo/` match `foo/bar`, `foo` also the file `foo` itself, and
   * neither matches `foobar`. An empty one matches everything.
   */
  list(prefix: string): AsyncIterable<ListedFile>;
  /** Takes away every file that `list` would show, as of now; no error when there are none. Records are no files: they stay. */
  purge(prefix: string): Promise<void>;
}
