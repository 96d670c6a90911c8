/** What a process and all that it started use of the machine's memory. */
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** Resident bytes; pages that two of them share count twice. Null where the system does not tell (Windows) or it is gone. */
export async function treeRssBytes(pid: number): Promise<number | null> {
  if (process.platform === "linux") return rssOfLinux(pid);
  if (process.platform === "win32") return null;
  const { stdout } = await promisify(execFile)("/bin/ps", ["-axo", "pid=,ppid=,rss="]);
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number, number]);
  const rssOf = (of: number): number =>
    rows.reduce((sum, [id, parent, kib]) => sum + (id === of ? kib * 1024 : 0) + (parent === of ? rssOf(id) : 0), 0);
  return rssOf(pid) || null;
}

async function rssOfLinux(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => null);
  if (status === null) return null;
  const kib = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => "")),
  );
  const children = lists.flatMap((list) =>
    list
      .split(" ")
      .filter((id) => id !== "")
      .map(Number),
  );
  const below = await Promise.all(children.map(rssOfLinux));
  return below.reduce<number>((sum, bytes) => sum + (bytes ?? 0), kib * 1024);
}
