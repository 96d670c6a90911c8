/**
 * Workers as they run in the cloud: processes that share a bucket and a queue, both on loopback, and that may be killed or put
 * to sleep at any call they make.
 *
 * Time goes SPEED times faster, in this process (which is the API, the sweeper, the storage and the queue) and in theirs. The
 * rules are about ratios: a lease is 60 s, its holder writes every 15 s and looks every second, the sweeper comes each minute,
 * a lost message is sent again after 5. All of them shrink alike, because all sleep and count by the same clock; so what is
 * tested are the numbers of the product. What does not shrink, the work of this machine and the pauses of the SDK between its
 * tries, weighs so many times more: a busy machine makes holders late for their leases, as a sick network would.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import type { HostRule } from "@smileloop/core/fetch/target.ts";
import { s3Files } from "@smileloop/core/files/s3.ts";
import type { JobStore } from "@smileloop/core/jobs/jobs.ts";
import { PLAN_QUEUE } from "@smileloop/core/kinds/kind.ts";
import { sqsQueue } from "@smileloop/core/queue/sqs.ts";
import { s3Records } from "@smileloop/core/records/s3.ts";
import { build } from "esbuild";
import { fastTime } from "./fast-time.ts";
import type { FleetWorker } from "./fleet-worker.ts";
import { jobHistory } from "./job-history.ts";
import { isAlive, until } from "./processes.ts";
import { openBucket } from "./s3.ts";
import type { Call, Role } from "./s3-double/server.ts";
import { openSqs } from "./sqs.ts";
import { STUB } from "./worker.ts";

export const SPEED = 40;
/** Most of them do not live long enough for it to pay that garbage is collected. */
const THRIFTY = ["--min-semi-space-size=16", "--max-semi-space-size=32"];

/** One worker after the other in the same place: whoever is killed is followed by the next, with the same work folder. */
export type Member = {
  pid: number;
  /** As it is called in records. */
  name: string;
  paused: boolean;
  /** Whether it works: what it does at its start is done. */
  isUp(): boolean;
  kill(): void;
  /** Kills one of its engine's processes, which it starts again; false when none is up. */
  killEngine(which: number): boolean;
  /** For so long as nobody wakes it. */
  pause(): void;
  wake(): void;
};

export type LogLine = { level: string; event: string; by: string; [field: string]: unknown };
export type Fleet = Awaited<ReturnType<typeof openFleet>>;

type FleetOptions = {
  /** By how much the clock of each worker, and of the sweeper's machine, is off. */
  skewsMs: number[];
  /** Where inputs by URL may come from. */
  allow?: HostRule[];
  /** How many times faster time goes. */
  speed?: number;
};

export async function openFleet({ skewsMs, allow = [], speed = SPEED }: FleetOptions) {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-fleet-"));
  const commands = await prepare(dir);
  const startMs = Date.now();
  const time = fastTime({ speed, startMs, skewMs: 0 });
  const { clock } = time;
  const history = jobHistory();
  const names = new Map<string, string>();
  const roles: Role[] = ["api", "sweeper"].map((name) => ({ accessKeyId: name, secretAccessKey: "secret" }));
  const onPut = ({ key, body, by }: { key: string; body: Uint8Array; by: string }) => {
    if (key.endsWith("/job.json")) history.add({ body, by: names.get(by) ?? by, atMs: clock.now() });
  };
  const bucket = await openBucket({ clock, roles, onPut });
  const sqs = await openSqs(["warp", PLAN_QUEUE]);
  const queue = sqsQueue({ client: sqs.client, urls: sqs.urls, clock });
  const storeOf = (role: Role): JobStore => {
    const home = { client: bucket.clientOf(role), bucket: bucket.bucket, clock };
    return { records: s3Records(home), files: s3Files(home), queue, clock };
  };

  const log: LogLine[] = [];
  const killed = new Set<string>();
  const pids: number[] = [];
  const members: Member[] = [];
  const exits: Promise<unknown>[] = [];
  let stopping = false;

  const start = (place: number): void => {
    const accessKeyId = `W${place}N${exits.length}`;
    const role = { accessKeyId, secretAccessKey: "secret" };
    roles.push(role);
    const workRoot = join(dir, `work-${place}`);
    const settings: FleetWorker = {
      s3: { endpoint: bucket.double.endpoint, bucket: bucket.bucket, ...role },
      sqs: { endpoint: sqs.endpoint, urls: sqs.urls },
      time: { speed, startMs, skewMs: skewsMs[place]! },
      workRoot,
      engine: commands.engine,
      checker: commands.checker,
      allow,
    };
    const child = spawn(process.execPath, [...THRIFTY, commands.worker, JSON.stringify(settings)], {
      stdio: ["pipe", "ignore", "pipe"],
      env: { NODE_COMPILE_CACHE: commands.cache },
    });
    const engines = new Map<string, number>();
    const member = memberOf(child, killed, engines);
    pids.push(member.pid);
    names.set(accessKeyId, member.name);
    members[place] = member;
    createInterface({ input: child.stderr! }).on("line", (line) => {
      const said = readLine(line, member.name);
      log.push(said);
      if (said.event !== "engine ready") return;
      pids.push(Number(said.pid));
      engines.set(String(said.engine), Number(said.pid));
    });
    exits.push(
      once(child, "exit").then(([code]) => {
        if (!stopping) start(place);
        else if (code !== 0 && !killed.has(member.name)) log.push(unexpected(member.name, `exit ${code}`));
      }),
    );
  };
  skewsMs.forEach((_, place) => {
    start(place);
  });

  return {
    /** For whatever a test needs. */
    dir,
    store: storeOf(roles[0]!),
    sweeperStore: storeOf(roles[1]!),
    double: bucket.double,
    sqs,
    time,
    clock,
    history,
    log,
    members,
    killed,
    /** The worker that made this call, if it was one that lives. */
    caller: ({ by }: Call): Member | null => members.find(({ name }) => name === names.get(by)) ?? null,
    /** Ends the workers as a deploy would. Resolves when all are gone. */
    async stop(): Promise<void> {
      // one that has just begun takes away what a killed one has left, unless it is ended before it can
      await until(() => members.every(({ isUp }) => isUp()));
      stopping = true;
      for (const member of members.filter(({ pid }) => isAlive(pid))) {
        member.wake();
        process.kill(member.pid, "SIGTERM");
      }
      await Promise.all(exits);
    },
    /** Engines and workers that should be gone. */
    strays: () => pids.filter(isAlive),
    /** What lies in the work folders. */
    leftovers: () =>
      skewsMs.flatMap((_, place) => ["", `-${PLAN_QUEUE}`].flatMap((of) => filesIn(join(dir, `work-${place}${of}`)))),
    async close(): Promise<void> {
      stopping = true;
      for (const { pid } of members) if (isAlive(pid)) process.kill(pid, "SIGKILL");
      await Promise.all(exits);
      await Promise.all([sqs.close(), bucket.close()]);
      time.restore();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function memberOf(child: ChildProcess, killed: Set<string>, engines: Map<string, number>): Member {
  const pid = child.pid!;
  const name = `${hostname()}-${pid}`;
  return {
    pid,
    name,
    paused: false,
    isUp: () => engines.size > 0,
    kill() {
      killed.add(name);
      child.kill("SIGKILL");
    },
    killEngine(which) {
      const up = [...engines.values()].filter(isAlive);
      const pid = up[which % up.length];
      return pid !== undefined && process.kill(pid, "SIGKILL");
    },
    pause() {
      this.paused = child.kill("SIGSTOP");
    },
    wake() {
      child.kill("SIGCONT");
      this.paused = false;
    },
  };
}

/** Bundled and compiled before, so that hundreds of starts take no minute. */
async function prepare(dir: string) {
  const worker = join(dir, "worker.mjs");
  const cache = join(dir, "compiled");
  await build({
    entryPoints: [join(import.meta.dirname, "fleet-worker.ts")],
    outfile: worker,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    mainFields: ["module", "main"],
    minify: true,
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  // the empty environment of an engine says nothing of a cache
  const args = [`NODE_COMPILE_CACHE=${cache}`, process.execPath, STUB];
  const run = promisify(execFile);
  const warm = [run("/usr/bin/env", [...args.slice(0, 2), worker]), run("/usr/bin/env", args)];
  for (const { child } of warm) child.stdin?.end();
  await Promise.all(warm);
  const engine = { command: "/usr/bin/env", args };
  return { worker, cache, engine, checker: { ...engine, args: [...args, "--kinds", ""] } };
}

function readLine(line: string, by: string): LogLine {
  try {
    return { ...(JSON.parse(line) as Omit<LogLine, "by">), by } as LogLine;
  } catch {
    return unexpected(by, line);
  }
}

function unexpected(by: string, event: string): LogLine {
  return { level: "error", event, by };
}

function filesIn(dir: string): string[] {
  try {
    return readdirSync(dir).map((name) => join(dir, name));
  } catch {
    return [];
  }
}
