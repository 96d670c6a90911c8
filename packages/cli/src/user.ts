/** An entry of USERS, as text for people or as JSON. The password never comes as an argument, which others on the machine can read. */
import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";
import { ownerFault } from "@smileloop/core/api-keys.ts";
import { makeUser, passwordFault } from "@smileloop/core/users.ts";
import type { UserArgs } from "./args.ts";
import { UsageError } from "./usage-error.ts";

const MAX_INPUT_CHARS = 5000;

/** Throws UsageError for what cannot be a name or a password. */
export async function newUser({ user, stdin, json }: UserArgs): Promise<string> {
  const nameFault = ownerFault(user);
  if (nameFault) throw new UsageError(`"${user}" ${nameFault}.`, "user");
  const password = stdin ? await readPassword() : await askTwice();
  const fault = passwordFault(password);
  if (fault !== null) throw new UsageError(`The password ${fault}.`, "user");
  const made = await makeUser(user, password);
  if (json) return `${JSON.stringify(made)}\n`;
  return `For the server, which stores only the hash (an entry more in USERS follows a comma):

  USERS=${made.entry}
`;
}

async function readPassword(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (/[\r\n]/.test(text) || text.length > MAX_INPUT_CHARS) break;
  }
  return text.split(/\r?\n/)[0] ?? "";
}

async function askTwice(): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UsageError("There is no terminal to ask for the password on; use --password-stdin.", "user");
  }
  const lines = createInterface({ input: process.stdin, output: nowhere(), terminal: true });
  try {
    const password = await ask(lines, "Password: ");
    if (password === (await ask(lines, "Again: "))) return password;
  } finally {
    lines.close();
  }
  throw new UsageError("The two passwords are not the same.", "user");
}

/** For what is typed, so that it is not shown. */
function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

/** The terminal shows nothing from when `lines` was opened, so that what is typed ahead is not shown either. */
function ask(lines: Interface, question: string): Promise<string> {
  process.stderr.write(question);
  return new Promise((resolve, reject) => {
    const gone = () => reject(new UsageError("No password was given.", "user"));
    lines.once("close", gone);
    lines.question("", (answer) => {
      lines.off("close", gone);
      process.stderr.write("\n");
      resolve(answer);
    });
  });
}
