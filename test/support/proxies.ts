/** nginx and Caddy of this machine, run with the configurations of `docs/proxy`. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { killed, until } from "./processes.ts";

const DOCS = join(import.meta.dirname, "../../docs/proxy");

/** Where a program is, or null: then tests that need it are skipped. */
export function programPath(name: string): string | null {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((dir) => join(dir, name)).find((path) => existsSync(path)) ?? null;
}

export type RunningProxy = {
  /** Sends a request for `url`, whatever its host, to the proxy. */
  ask(url: string, options?: Ask): Promise<Reply>;
  close(): Promise<void>;
};
export type Ask = { method?: string; headers?: OutgoingHttpHeaders; body?: Uint8Array | string };
/** `next`: what comes next of the body, null at its end. */
export type Reply = {
  status: number;
  headers: IncomingMessage["headers"];
  next(): Promise<string | null>;
  text(): Promise<string>;
};

/** `edit`: changes to the text of the documented file. `apiUrl`: what it passes requests on to. */
type Options = { apiUrl: string; edit?: (text: string) => string };

export function startNginx(
  program: string,
  { apiUrl, edit = (text) => text }: Options,
  file = "nginx.conf",
): Promise<RunningProxy> {
  return start(({ dir, port }) => {
    const listen = `listen 127.0.0.1:${port};`;
    const text = edit(readFileSync(join(DOCS, file), "utf8"))
      .replaceAll("http://127.0.0.1:8000", apiUrl)
      // the test has no certificate
      .replaceAll(/^ *(listen \[::\]|ssl_certificate).*\n/gm, "")
      .replace(/listen 443 ssl http2;/, listen);
    const server = text.includes(listen) ? text : `server {\n${listen}\n${text}}\n`;
    const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${dir}/${name};`,
    );
    const user = process.getuid?.() === 0 ? "user root root;\n" : "";
    const whole = `${user}daemon off;\npid ${dir}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${temp.join("\n")}\n${server}}\n`;
    writeFileSync(join(dir, "nginx.conf"), whole);
    return [program, "-p", dir, "-e", "stderr", "-c", join(dir, "nginx.conf")];
  });
}

export function startCaddy(program: string, { apiUrl, edit = (text) => text }: Options): Promise<RunningProxy> {
  return start(({ dir, port }) => {
    const text = edit(readFileSync(join(DOCS, "Caddyfile"), "utf8"))
      .replaceAll("127.0.0.1:8000", new URL(apiUrl).host)
      .replace(/^smile\.example\.org \{/m, `http://smile.example.org:${port} {\n\tbind 127.0.0.1`);
    writeFileSync(join(dir, "Caddyfile"), `{\n\tadmin off\n\tauto_https off\n}\n${text}`);
    return [program, "run", "--adapter", "caddyfile", "--config", join(dir, "Caddyfile")];
  });
}

async function start(commandOf: (place: { dir: string; port: number }) => string[]): Promise<RunningProxy> {
  const dir = mkdtempSync(join(tmpdir(), "smileloop-proxy-"));
  const port = await freePort();
  const [program, ...args] = commandOf({ dir, port });
  const child = spawn(program!, args, {
    env: { PATH: process.env.PATH, HOME: dir },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr!.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until(() => {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${said}`);
    return accepts(port);
  });
  return { ask: (url, options) => ask(port, url, options), close: () => closed(child, dir) };
}

async function closed(child: ChildProcess, dir: string): Promise<void> {
  // the master ends its workers
  child.kill("SIGTERM");
  await Promise.race([new Promise((resolve) => child.once("close", resolve)), new Promise((r) => setTimeout(r, 5000))]);
  await killed(child);
  rmSync(dir, { recursive: true, force: true });
}

async function ask(port: number, url: string, { method = "GET", headers = {}, body }: Ask = {}): Promise<Reply> {
  const { host, pathname, search } = new URL(url);
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
    const options = {
      host: "127.0.0.1",
      port,
      method,
      path: pathname + search,
      headers: { Host: host, ...length, ...headers },
    };
    const sent = request(options, resolve);
    sent.on("error", reject);
    sent.end(body);
  });
  const chunks = reply[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const next = async () => (await chunks.next()).value?.toString() ?? null;
  const text = async () => {
    let whole = "";
    for (let part = await next(); part !== null; part = await next()) whole += part;
    return whole;
  };
  return { status: reply.statusCode ?? 0, headers: reply.headers, next, text };
}

/** A port that was free just now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}
