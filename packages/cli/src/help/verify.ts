/** The text of `smileloop verify --help`. */
export const VERIFY = `Tells whether a file was made here, by the marks that results carry. Needs no server and no network.

Usage: smileloop verify <file> [options]

<file> is a picture, a video or a sound. What was made here was signed with SIGNING_KEY, or with the key of the server in
DATA_DIR (.smileloop in this folder), or with that of these commands (~/.smileloop).

Options:
      --json              prints one JSON object on stdout, also of an error: what POST /v1/verify answers
  -h, --help              this help
`;
