/** When a process that runs until it is told otherwise should end. */
import { readFileSync } from "node:fs";

/** Given by `npm start` and `npm run worker`: npm and the shell between may end without passing a signal on. `npx` is seen by its name. */
const WITH_PARENT = "--with-parent";
const LOOK_MS = 500;
/** Terminals, npm and launchers may each pass on the same Ctrl-C: those that follow so soon are one. */
const SAME_MS = 1000;

/** Resolves at the first SIGTERM, SIGINT or SIGHUP, and when the parent is gone. A signal that comes a second later does not wait. */
export function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    let askedMs: number | null = null;
    const ask = () => {
      if (askedMs !== null && performance.now() - askedMs > SAME_MS) process.exit(130);
      askedMs ??= performance.now();
      resolve();
    };
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, ask);
    void parentGone().then(resolve);
  });
}

/** Never resolves where the process was started neither with `--with-parent` nor by `npx`. */
export function parentGone(args = process.argv): Promise<void> {
  return new Promise((resolve) => {
    const { ppid } = process;
    const npm = npmAbove(ppid);
    if (!args.includes(WITH_PARENT) && !isNpm(npm)) return;
    const timer = setInterval(() => {
      if (process.ppid === ppid && npmAbove(ppid) === npm) return;
      clearInterval(timer);
      resolve();
    }, LOOK_MS).unref();
  });
}

/** The parent of the shell that npm runs a script in, which waits on when npm is killed. Null where that cannot be told, and without a shell. */
function npmAbove(shell: number): string | null {
  try {
    const stat = readFileSync(`/proc/${shell}/stat`, "utf8");
    const end = stat.lastIndexOf(")");
    const name = stat.slice(stat.indexOf("(") + 1, end);
    return /^(sh|dash|ash|bash|busybox)$/.test(name) ? (stat.slice(end + 2).split(" ")[1] ?? null) : null;
  } catch {
    return null;
  }
}

/** npm and npx call their processes `npm …`. */
function isNpm(pid: string | null): boolean {
  try {
    return pid !== null && readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("npm");
  } catch {
    return false;
  }
}
