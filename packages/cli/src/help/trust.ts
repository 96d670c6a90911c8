/** The texts of `--help` of `audit` and `erase`. */

export const AUDIT = `Tells whether the audit is as it was written: lines that were changed, removed, put in or moved are named.

Usage: smileloop audit check [options]

Reads what the server keeps: in DATA_DIR, or in the bucket that BUCKET names. The server may run meanwhile.

Options:
      --head <n>:<hash>   a line as the log has it (audit_head), which must still be the same; may be repeated
      --json              prints one JSON object
  -h, --help              this help

Exit codes: 0 as it was written, 1 not.
`;

export const ERASE = `Erases everything that a server keeps of you: all jobs with their results, uploads, and what would link lines of the audit to you.

Usage: smileloop erase --yes [options]

Options:
      --yes               needed: there is no way back
      --server <url>      the server (http://localhost:8000)
      --key-stdin         reads the API key from the standard input, where the server asks for one
      --json              prints one JSON object: jobs, uploads
  -h, --help              this help
`;
