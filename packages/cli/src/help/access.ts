/** The texts of `--help` of commands that say who may use a server. */

export const KEY = `Makes a key for the API. It is shown once: the server stores only its hash, in the environment variable API_KEYS.

Usage: smileloop key [owner] [options]

[owner] is the owner of the jobs that the key creates and sees (me); an owner may have several keys.

Options:
      --json              prints one JSON object: key, owner, entry
  -h, --help              this help
`;

export const USER = `Makes an entry for somebody who logs in with a name and a password, for the environment variable USERS. It has a hash of the
password (scrypt), which is kept nowhere else.

Usage: smileloop user <name> [options]

<name> is the owner of the jobs that are made with the login. The password is asked for, and not shown.

Options:
      --password-stdin    reads the password from the standard input, to its first line end
      --json              prints one JSON object: name, entry
  -h, --help              this help
`;
