/** The documented clients, by the programs that people have: Python's requests, curl. */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { jpegBytes, type TestApi, testApi } from "../../../../../test/support/api.ts";
import { VIDEO, wavBytes, work } from "../../../../../test/support/talking-avatar.ts";

const run = promisify(execFile);
let api: TestApi;
let dir: string;
let stopWorker: () => Promise<void>;
beforeEach(async () => {
  api = testApi();
  await api.listen();
  stopWorker = work(api);
  dir = mkdtempSync(join(tmpdir(), "smileloop-client-"));
  writeFileSync(join(dir, "avatar.jpg"), jpegBytes());
  writeFileSync(join(dir, "speech.wav"), wavBytes());
});
afterEach(async () => {
  await stopWorker();
  await api.close();
  rmSync(dir, { recursive: true });
});

const has = (command: string, ...args: string[]) => {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

/** As much of the package `requests` as the script needs, in the shape of its requests on the wire. */
const STAND_IN = `
import json, urllib.request

class Reply:
    def __init__(self, raw):
        self.status_code, self.content = raw.status, raw.read()
    def json(self):
        return json.loads(self.content)

def send(method, url, files=None, json_body=None):
    data, headers = None, {}
    if json_body is not None:
        data, headers = json.dumps(json_body).encode(), {"Content-Type": "application/json"}
    if files is not None:
        (name, file), = files.items()
        head = f'--b0\\r\\nContent-Disposition: form-data; name="{name}"; filename="{file.name}"\\r\\n\\r\\n'
        data = head.encode() + file.read() + b"\\r\\n--b0--\\r\\n"
        headers = {"Content-Type": "multipart/form-data; boundary=b0"}
    return Reply(urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)))

def get(url): return send("GET", url)
def delete(url): return send("DELETE", url)
def post(url, files=None, json=None): return send("POST", url, files, json)
`;

it.skipIf(!has("python3", "--version"))(
  "Python, with requests or what is like it (skipped without python3)",
  async () => {
    if (!has("python3", "-c", "import requests")) writeFileSync(join(dir, "requests.py"), STAND_IN);
    const script = `
import requests, time

base = "${api.url}/api/v1"
names = {}
for what, path in (("image", "avatar.jpg"), ("audio", "speech.wav")):
    with open(path, "rb") as file:
        names[what] = requests.post(f"{base}/upload/{what}", files={"file": file}).json()["filename"]

job = requests.post(f"{base}/generate/async", json={
    "image_filename": names["image"], "audio_filename": names["audio"], "output_fps": 30, "output_resolution": 512,
}).json()
while job["status"] not in ("completed", "failed"):
    print(f"{job['progress']}%")
    time.sleep(0.05)
    job = requests.get(f"{base}/status/{job['job_id']}").json()

print(job["status"])
with open("output.mp4", "wb") as file:
    file.write(requests.get(f"{base}{job['result']['video_url']}").content)
for name in names.values():
    print(requests.delete(f"{base}/cleanup/{name}").json()["message"])
`;
    writeFileSync(join(dir, "client.py"), script);
    const { stdout } = await run("python3", ["client.py"], { cwd: dir });
    expect(stdout).toMatch(
      /^0%\n(.*\n)*completed\nFile [0-9a-f]{32}\.jpg deleted.*\nFile [0-9a-f]{32}\.wav deleted.*\n$/,
    );
    expect(new Uint8Array(readFileSync(join(dir, "output.mp4")))).toEqual(VIDEO);
    expect((await api.stored()).filter((key) => key.startsWith("uploads/"))).toEqual([]);
  },
);

it.skipIf(!has("curl", "--version"))("curl (skipped where there is no curl)", async () => {
  const script = `
set -e
base=${api.url}/api/v1
name() { sed 's/.*"filename":"\\([^"]*\\)".*/\\1/'; }
image=$(curl -s -X POST "$base/upload/image" -F "file=@$PWD/avatar.jpg" | name)
audio=$(curl -s -X POST "$base/upload/audio" -F "file=@$PWD/speech.wav" | name)
curl -s -X POST "$base/generate" -H "Content-Type: application/json" -d "{
    \\"image_filename\\": \\"$image\\",
    \\"audio_filename\\": \\"$audio\\",
    \\"output_fps\\": 25,
    \\"output_resolution\\": 512
  }" > result.json
video=$(sed 's/.*"video_filename":"\\([^"]*\\)".*/\\1/' result.json)
curl -s "$base/status/\${video%.mp4}"
curl -s "$base/download/$video" -o output.mp4
curl -s -X DELETE "$base/cleanup/$video"
`;
  writeFileSync(join(dir, "client.sh"), script);
  const { stdout } = await run("sh", ["client.sh"], { cwd: dir });
  expect(stdout).toMatch(
    /"status":"completed","progress":100,"result":\{"success":true,.*\}\{"message":"File .*\.mp4 deleted successfully"\}$/,
  );
  expect(new Uint8Array(readFileSync(join(dir, "output.mp4")))).toEqual(VIDEO);
});
