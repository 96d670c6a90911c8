/** The documented clients, by the programs that people have: Python's requests, curl, Node's fetch. Their addresses alone are put in. */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { TestApi } from "../../../../../test/support/api.ts";
import { lipsyncApi, working } from "../../../../../test/support/lipsync.ts";

const run = promisify(execFile);
let api: TestApi;
let dir: string;
let workers: (() => Promise<void>)[];
beforeEach(async () => {
  api = lipsyncApi();
  await api.listen();
  workers = [working(api, "narrator"), working(api, "warp")];
  dir = mkdtempSync(join(tmpdir(), "smileloop-client-"));
});
afterEach(async () => {
  await Promise.all(workers.map((stop) => stop()));
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

/** As much of the package `requests` as the document needs, with addresses below one server. */
const requestsModule = (base: string) => `
import json as _json, urllib.error, urllib.parse, urllib.request

class Reply:
    def __init__(self, raw):
        self.status_code, self.content = raw.status, raw.read()
    def json(self):
        return _json.loads(self.content)

def send(method, url, params=None, json=None, data=None, headers=None):
    url = url if url.startswith("http") else "${base}" + url
    if params: url += "?" + urllib.parse.urlencode(params)
    headers, body = dict(headers or {}), None
    if json is not None: body, headers["Content-Type"] = _json.dumps(json).encode(), "application/json"
    if data is not None: body = urllib.parse.urlencode(data).encode()
    try:
        return Reply(urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method)))
    except urllib.error.HTTPError as error:
        return Reply(error)

def get(url, **given): return send("GET", url, **given)
def post(url, **given): return send("POST", url, **given)
`;

/** From the document, as they stand there. */
const BASIC = `
import requests

headers = {"Authorization": "Bearer YOUR_TOKEN"}

# Create job
response = requests.post("/api/v1/lipsync/create", json={
    "video_url": "https://example.com/video.mp4",
    "audio_url": "https://example.com/audio.wav",
    "api_key": "sk-your_key",
    "model": "lipsync-2"
}, headers=headers)

job_id = response.json()["job_id"]

# Check status
status = requests.get(f"/api/v1/lipsync/status/{job_id}", 
                     params={"api_key": "sk-your_key"}, 
                     headers=headers)
`;
const WITH_TTS = `
# Step 1: Generate TTS
tts_response = requests.post("/api/v1/tts/generate-simple", params={
    "text": "Hello world!",
    "voice": "af_heart"
}, headers=headers)

audio_url = tts_response.json()["first_audio_url"]

# Step 2: Create lipsync
lipsync_response = requests.post("/api/v1/lipsync/create-from-tts", params={
    "video_url": "https://example.com/video.mp4",
    "tts_audio_url": audio_url,
    "api_key": "sk-your_key"
}, headers=headers)

job_id = lipsync_response.json()["job_id"]

# Step 3: Wait for completion
result = requests.post(f"/api/v1/lipsync/wait/{job_id}", params={
    "api_key": "sk-your_key",
    "timeout": 300
}, headers=headers)

output_video = result.json()["output_url"]
`;
const BATCH = `
videos = ["video1.mp4", "video2.mp4", "video3.mp4"]
texts = ["Hello!", "How are you?", "Goodbye!"]

job_ids = []

for video_url, text in zip(videos, texts):
    # Generate TTS
    tts_resp = requests.post("/api/v1/tts/generate-simple", 
                           params={"text": text}, headers=headers)
    audio_url = tts_resp.json()["first_audio_url"]
    
    # Create lipsync
    lipsync_resp = requests.post("/api/v1/lipsync/create-from-tts", params={
        "video_url": video_url,
        "tts_audio_url": audio_url,
        "api_key": "sk-your_key"
    }, headers=headers)
    
    job_ids.append(lipsync_resp.json()["job_id"])

# Check all jobs
for job_id in job_ids:
    status = requests.get(f"/api/v1/lipsync/status/{job_id}", 
                         params={"api_key": "sk-your_key"}, headers=headers)
    print(f"Job {job_id}: {status.json()['status']}")
`;

it.skipIf(!has("python3", "--version"))("Python (skipped without python3)", async () => {
  const login = `
import requests
token = requests.post("/api/v1/auth/login", json={"username": "your_username", "password": "your_password"}).json()["access_token"]
`;
  // its three files have no addresses in the document
  const batch = BATCH.replaceAll(/"(video\d\.mp4)"/g, '"https://example.com/$1"');
  const script = [login, BASIC, "print(status.json()['status'])", WITH_TTS, "print(output_video)", batch];
  writeFileSync(join(dir, "requests.py"), requestsModule(api.url));
  writeFileSync(join(dir, "client.py"), script.join("\n").replace('"Bearer YOUR_TOKEN"', '"Bearer " + token'));
  const { stdout } = await run("python3", ["client.py"], { cwd: dir });
  const [first, link, ...jobs] = stdout.trim().split("\n");
  expect(first).toMatch(/^(PENDING|PROCESSING|COMPLETED)$/);
  expect((await fetch(link!)).headers.get("content-type")).toBe("video/mp4");
  expect(jobs).toHaveLength(3);
  for (const job of jobs) expect(job).toMatch(/^Job [0-9a-f]{32}: (PENDING|PROCESSING|COMPLETED)$/);
});

it.skipIf(!has("curl", "--version"))("curl (skipped where there is no curl)", async () => {
  const script = `
TOKEN=$(curl -s -X POST "http://localhost:8000/api/v1/auth/login" \\
  -H "Content-Type: application/json" \\
  -d '{"username": "your_username", "password": "your_password"}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
AUDIO=$(curl -s -X POST "http://localhost:8000/api/v1/tts/generate-simple?text=Hello&voice=af_heart" \\
  -H "Authorization: Bearer YOUR_TOKEN" | sed 's/.*"first_audio_url":"\\([^"]*\\)".*/\\1/')
curl -s -X POST "http://localhost:8000/api/v1/lipsync/create-from-tts" \\
  -H "Authorization: Bearer YOUR_TOKEN" \\
  -d "video_url=https://example.com/video.mp4&tts_audio_url=/static/audio/123/segment_000.wav&api_key=sk-your_key"
`;
  const mine = script
    .replaceAll("http://localhost:8000", api.url)
    .replaceAll("YOUR_TOKEN", "$TOKEN")
    .replace("/static/audio/123/segment_000.wav", "$AUDIO");
  writeFileSync(join(dir, "client.sh"), mine);
  const { stdout } = await run("sh", ["client.sh"], { cwd: dir });
  expect(JSON.parse(stdout)).toMatchObject({ message: "Lipsync job created successfully", status: "PENDING" });
});

it("React and Node, which send the same by fetch", async () => {
  const login = await fetch(`${api.url}/auth/login`, {
    method: "POST",
    body: new URLSearchParams({ username: "your_username", password: "your_password" }),
  });
  const { access_token: token } = (await login.json()) as { access_token: string };
  const createLipsync = async (videoUrl: string, audioUrl: string, apiKey: string) => {
    const response = await fetch(`${api.url}/api/v1/lipsync/create`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${token}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify({
        video_url: videoUrl,
        audio_url: audioUrl,
        api_key: apiKey,
        model: "lipsync-2",
      }),
    });

    return response.json();
  };
  const job = await createLipsync("https://example.com/video.mp4", "https://example.com/audio.wav", "sk-your_key");
  expect(job).toMatchObject({ status: "PENDING" });
});
