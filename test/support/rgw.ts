/**
 * Ceph's object gateway on loopback: an S3 that others wrote. Debian's packages are unpacked into a folder of the user's cache,
 * nothing is installed; what it stores lies in memory. It comes with the packages of the machine's own Debian.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import type { Role } from "./s3-double/server.ts";
import { signedHeaders } from "./s3-double/signature.ts";

const run = promisify(execFile);
const PACKAGES = ["radosgw", "ceph-mon", "ceph-osd"];
const CACHE = join(homedir(), ".cache", "smileloop", "ceph");
const START_MS = 120_000;
const REGION = "us-east-1";

export type Rgw = {
  endpoint: string;
  role: Role;
  createBucket(): Promise<string>;
  close(): Promise<void>;
};

/** Throws where it cannot be had; the message says why. */
export async function startRgw(): Promise<Rgw> {
  const root = await unpack();
  const dir = await mkdtemp(join(tmpdir(), "smileloop-rgw-"));
  const children: ChildProcess[] = [];
  const stop = () => {
    for (const child of children) child.kill("SIGKILL");
  };
  process.on("exit", stop);
  const close = async () => {
    process.off("exit", stop);
    const ends = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
    stop();
    await Promise.all(ends);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const role = { accessKeyId: "AKIDRGW", secretAccessKey: "rgw-secret" };
    const port = await startDaemons({ root, dir, children, role });
    const endpoint = `http://127.0.0.1:${port}`;
    return { endpoint, role, createBucket: () => createBucket(endpoint, role), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Answers the folder that stands for `/`. */
async function unpack(): Promise<string> {
  const root = join(CACHE, "root");
  if (existsSync(root)) return root;
  if (process.platform !== "linux" || !existsSync("/usr/bin/apt-get")) throw new Error("it needs a Debian with apt");
  const debs = join(CACHE, "debs");
  const unpacking = join(CACHE, `root-${process.pid}`);
  await mkdir(join(debs, "partial"), { recursive: true });
  await mkdir(unpacking, { recursive: true });
  const apt = ["install", "-y", "-qq", "--download-only", "--no-install-recommends"];
  const own = ["-o", `Dir::Cache::archives=${debs}`, "-o", "Debug::NoLocking=1"];
  await run("apt-get", [...apt, ...own, ...PACKAGES]).catch((error: Error & { stderr?: string }) => {
    throw new Error(`the packages ${PACKAGES.join(", ")} could not be fetched: ${error.stderr ?? error.message}`);
  });
  for (const deb of (await readdir(debs)).filter((name) => name.endsWith(".deb"))) {
    await run("dpkg", ["-x", join(debs, deb), unpacking]);
  }
  await rename(unpacking, root);
  await rm(debs, { recursive: true });
  return root;
}

type Setup = { root: string; dir: string; children: ChildProcess[]; role: Role };

/** One monitor, one store in memory, one gateway. Answers the gateway's port. */
async function startDaemons({ root, dir, children, role }: Setup): Promise<number> {
  const [monitor, gateway] = [await freePort(), await freePort()];
  const [fsid, osd] = [randomUUID(), randomUUID()];
  const config = join(dir, "ceph.conf");
  const keyring = join(dir, "keyring");
  const libraries = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/ceph"];
  const env = {
    PATH: process.env.PATH ?? "",
    LD_LIBRARY_PATH: libraries.map((path) => join(root, path)).join(":"),
    PYTHONPATH: join(root, "usr/lib/python3/dist-packages"),
  };
  const bin = (name: string) => join(root, "usr/bin", name);
  const call = (name: string, ...args: string[]) => run(bin(name), args, { env, timeout: START_MS });
  const start = (name: string, ...args: string[]) => {
    children.push(spawn(bin(name), ["-c", config, "-f", ...args], { env, cwd: dir, stdio: "ignore" }));
  };

  await mkdir(join(dir, "mon"));
  await mkdir(join(dir, "osd"));
  await writeFile(config, configOf({ root, dir, fsid, keyring, monitor, gateway }));
  await call("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *");
  for (const [name, ...caps] of [
    ["client.admin", "mon=allow *", "osd=allow *"],
    ["osd.0", "mon=allow profile osd", "osd=allow *"],
    ["client.rgw", "mon=allow rwx", "osd=allow rwx"],
  ]) {
    const given = caps.flatMap((cap) => ["--cap", ...cap.split("=")]);
    await call("ceph-authtool", keyring, "--gen-key", "-n", name!, ...given);
  }
  const map = join(dir, "monmap");
  await call("monmaptool", "--create", "--addv", "a", `[v2:127.0.0.1:${monitor}]`, "--fsid", fsid, map);
  await call("ceph-mon", "-c", config, "-i", "a", "--mkfs", "--monmap", map, "--keyring", keyring);
  start("ceph-mon", "-i", "a");
  await call("ceph", "-c", config, "-n", "client.admin", "osd", "new", osd, "0");
  await call("ceph-osd", "-c", config, "-i", "0", "--mkfs", "--osd-uuid", osd);
  start("ceph-osd", "-i", "0");
  const user = ["--uid", "smileloop", "--display-name", "smileloop"];
  const secret = ["--access-key", role.accessKeyId, "--secret-key", role.secretAccessKey];
  await call("radosgw-admin", "-c", config, "-n", "client.rgw", "user", "create", ...user, ...secret);
  start("radosgw", "-n", "client.rgw");
  await untilUp(gateway);
  return gateway;
}

type Config = { root: string; dir: string; fsid: string; keyring: string; monitor: number; gateway: number };

function configOf({ root, dir, fsid, keyring, monitor, gateway }: Config): string {
  const libraries = join(root, "usr/lib/x86_64-linux-gnu");
  return `
[global]
fsid = ${fsid}
mon host = v2:127.0.0.1:${monitor}
mon initial members = a
ms bind msgr1 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
keyring = ${keyring}
run dir = ${dir}
crash dir = ${dir}
admin socket =
pid file =
log file =
plugin dir = ${libraries}/ceph
erasure code dir = ${libraries}/ceph/erasure-code
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data avail crit = 0
[mon.a]
mon data = ${dir}/mon
[osd.0]
osd data = ${dir}/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd class dir = ${libraries}/rados-classes
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:${gateway}
rgw data = ${dir}
`;
}

async function untilUp(port: number): Promise<void> {
  const untilMs = Date.now() + START_MS;
  for (;;) {
    const up = await fetch(`http://127.0.0.1:${port}/`).catch(() => null);
    if (up?.ok) return;
    if (Date.now() > untilMs) throw new Error("it did not come up");
    await delay(200);
  }
}

async function createBucket(endpoint: string, role: Role): Promise<string> {
  const bucket = `test-${randomUUID()}`;
  const request = { method: "PUT", path: `/${bucket}`, query: "", headers: { host: new URL(endpoint).host }, body: "" };
  const { host: _, ...headers } = signedHeaders(request, { ...role, region: REGION }, Date.now());
  const reply = await fetch(`${endpoint}/${bucket}`, { method: "PUT", headers });
  if (!reply.ok) throw new Error(`no bucket: ${reply.status} ${await reply.text()}`);
  return bucket;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
