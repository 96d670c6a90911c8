/** The text of `smileloop webhooks --help`. */
export const WEBHOOKS = `Webhooks of a server: sends events again, tests a receiver, and receives events on this machine while you develop.

Usage: smileloop webhooks replay <job> [options]
       smileloop webhooks test <url> [options]
       smileloop webhooks listen [options]

replay sends the event of a job that has ended again. test has the server send one event to <url>, and prints what came
back. listen receives events at http://localhost:8787/, verifies each with the server's public key and prints it; a server
on this machine sends there with FETCH_ALLOW=localhost:8787.

Options:
      --server <url>      the server (http://localhost:8000)
      --key-stdin         reads the API key from the standard input, where the server asks for one
      --port <n>          listen: the port (8787); 0 is any that is free
      --forward <url>     listen: passes each verified event on to this address, and answers as that does
      --json              prints JSON: one object, or one for each event
  -h, --help              this help
`;
