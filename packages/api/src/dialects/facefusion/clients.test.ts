/** The documented clients as they stand in the original's document, by the programs that people have. Their addresses alone are put in. */
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { jpegBytes, type TestApi } from "../../../../../test/support/api.ts";
import { drawing, MP4, RESULT } from "../../../../../test/support/facefusion-clients.ts";
import { lipsyncApi } from "../../../../../test/support/lipsync.ts";

const run = promisify(execFile);
let api: TestApi;
let dir: string;
let stop: () => Promise<void>;
beforeEach(async () => {
  api = lipsyncApi();
  await api.listen();
  stop = drawing(api);
  dir = mkdtempSync(join(tmpdir(), "smileloop-client-"));
  for (const name of ["target.jpg", "source.jpg", "target_image.jpg", "source_face.jpg", "face.jpg"]) {
    writeFileSync(join(dir, name), jpegBytes());
  }
  for (const name of ["target_video.mp4", "video.mp4"]) writeFileSync(join(dir, name), MP4);
});
afterEach(async () => {
  await stop();
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
/** Runs what the document has for `http://localhost:8000`. */
async function sent(program: string, file: string, script: string): Promise<string> {
  writeFileSync(join(dir, file), script.replaceAll("http://localhost:8000", api.url));
  return (await run(program, [file], { cwd: dir })).stdout;
}
const paramsOf = async (reply: string) => {
  const { job_id, status } = JSON.parse(reply) as { job_id: string; status: string };
  expect(status).toBe("completed");
  return (await api.deps.records.get("local", job_id.slice(-32)))!.record.params;
};

it.skipIf(!has("curl", "--version"))("curl: what is there, and a result that is fetched and deleted", async () => {
  const health = JSON.parse(await sent("sh", "a.sh", "curl -s http://localhost:8000/health")) as object;
  expect(health).toMatchObject({ processors_available: expect.arrayContaining(["face_swapper"]) as string[] });
  const rows = await sent("sh", "b.sh", "curl -s http://localhost:8000/processors");
  expect(JSON.parse(rows)).toContainEqual(expect.objectContaining({ name: "face_swapper", available: true }));

  const swap = `
# Face swap example
curl -s -X POST "http://localhost:8000/process/image" \\
  -F "target=@target_image.jpg" \\
  -F "source=@source_face.jpg" \\
  -F 'request={"processors":["face_swapper"],"execution_providers":["cpu"]}'
`;
  const { output_path } = JSON.parse(await sent("sh", "c.sh", swap)) as { output_path: string };
  const name = output_path.split("/").pop()!;
  const download = `
curl -s -O -J "http://localhost:8000/download/output_filename.jpg"
mv output_filename.jpg first.jpg
# Download and auto-delete
curl -s -O -J "http://localhost:8000/download/output_filename.jpg?cleanup=true"
`;
  await sent("sh", "d.sh", download.replaceAll("output_filename.jpg", name));
  for (const file of ["first.jpg", name]) expect(new Uint8Array(readFileSync(join(dir, file)))).toEqual(RESULT);
  const remove = `curl -s -X DELETE "http://localhost:8000/output/${name}"`;
  await expect.poll(() => sent("sh", "e.sh", remove)).toBe('{"detail":"Output file not found"}');
});

it.skipIf(!has("curl", "--version"))("curl: videos, and every field that the document shows", async () => {
  const video = `
curl -s -X POST "http://localhost:8000/process/video" \\
  -F "target=@target_video.mp4" \\
  -F "source=@source_face.jpg" \\
  -F 'request={"processors":["face_swapper"],"execution_providers":["cpu"],"execution_thread_count":4}'
`;
  expect(await paramsOf(await sent("sh", "a.sh", video))).toMatchObject({ execution: { threads: 4 }, fps: null });
  const quality = `
curl -s -X POST "http://localhost:8000/process/video" \\
  -F "target=@video.mp4" \\
  -F "source=@face.jpg" \\
  -F 'request={
    "processors":["face_swapper","face_enhancer"],
    "execution_providers":["cuda"],
    "execution_thread_count":8,
    "output_video_fps":30,
    "output_video_scale":100,
    "face_detector_score":0.6
  }'
`;
  expect(await paramsOf(await sent("sh", "b.sh", quality))).toMatchObject({
    ...{ fps: 30, detector: { score: 0.6 }, execution: { providers: ["cuda"], threads: 8 } },
    processors: [{ name: "face_swapper" }, { name: "face_enhancer" }],
  });
  // the document's own example has no source: it never worked
  const sourceless = `
curl -s -X POST "http://localhost:8000/process/image" \\
  -F "target=@target.jpg" \\
  -F 'request={"processors":["face_swapper","face_enhancer"],"execution_providers":["cpu"]}'
`;
  expect(await sent("sh", "c.sh", sourceless)).toBe('{"detail":"Source file is required for the selected processors"}');
});

/** As much of the package `requests` as the script needs, in the shape of its requests on the wire. */
const STAND_IN = `
import json, urllib.request

class Reply:
    def __init__(self, raw):
        self.status_code, self.content = raw.status, raw.read()
    def json(self):
        return json.loads(self.content)

def post(url, files, data):
    body = b""
    for name, text in data.items():
        body += f'--b0\\r\\nContent-Disposition: form-data; name="{name}"\\r\\n\\r\\n{text}\\r\\n'.encode()
    for name, file in files.items():
        body += f'--b0\\r\\nContent-Disposition: form-data; name="{name}"; filename="{file.name}"\\r\\n\\r\\n'.encode()
        body += file.read() + b"\\r\\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b0"}
    return Reply(urllib.request.urlopen(urllib.request.Request(url, body + b"--b0--\\r\\n", headers, method="POST")))

def get(url): return Reply(urllib.request.urlopen(url))
`;

it.skipIf(!has("python3", "--version"))(
  "Python, with requests or what is like it (skipped without python3)",
  async () => {
    if (!has("python3", "-c", "import requests")) writeFileSync(join(dir, "requests.py"), STAND_IN);
    const script = `
import requests

# API endpoint
API_URL = "http://localhost:8000"

# Process image
with open("target.jpg", "rb") as target_file, \\
     open("source.jpg", "rb") as source_file:

    files = {
        "target": target_file,
        "source": source_file
    }

    data = {
        "request": '{"processors":["face_swapper"],"execution_providers":["cpu"]}'
    }

    response = requests.post(f"{API_URL}/process/image", files=files, data=data)
    result = response.json()

    print(f"Job ID: {result['job_id']}")
    print(f"Status: {result['status']}")

    if result['status'] == 'completed':
        # Download result
        output_filename = result['output_path'].split('/')[-1]
        output_response = requests.get(f"{API_URL}/download/{output_filename}")

        with open("result.jpg", "wb") as f:
            f.write(output_response.content)

        print("Result saved to result.jpg")
`;
    const stdout = await sent("python3", "client.py", script);
    expect(stdout).toMatch(/^Job ID: api_\d{8}_\d{6}_[0-9a-f]{32}\nStatus: completed\nResult saved to result\.jpg\n$/);
    expect(new Uint8Array(readFileSync(join(dir, "result.jpg")))).toEqual(RESULT);
  },
);

it("Node, with axios and form-data", async () => {
  symlinkSync(fileURLToPath(new URL("../../../../../node_modules", import.meta.url)), join(dir, "node_modules"));
  const script = `
const FormData = require('form-data');
const fs = require('fs');
const axios = require('axios');

const API_URL = 'http://localhost:8000';

async function processImage() {
    const form = new FormData();
    form.append('target', fs.createReadStream('target.jpg'));
    form.append('source', fs.createReadStream('source.jpg'));
    form.append('request', JSON.stringify({
        processors: ['face_swapper'],
        execution_providers: ['cpu']
    }));

    const response = await axios.post(\`\${API_URL}/process/image\`, form, {
        headers: form.getHeaders()
    });

    console.log('Job ID:', response.data.job_id);
    console.log('Status:', response.data.status);

    if (response.data.status === 'completed') {
        const filename = response.data.output_path.split('/').pop();
        const output = await axios.get(\`\${API_URL}/download/\${filename}\`, {
            responseType: 'arraybuffer'
        });

        fs.writeFileSync('result.jpg', output.data);
        console.log('Result saved to result.jpg');
    }
}

processImage().catch(console.error);
`;
  const stdout = await sent(process.execPath, "client.cjs", script);
  expect(stdout).toMatch(/^Job ID: api_\d{8}_\d{6}_[0-9a-f]{32}\nStatus: completed\nResult saved to result\.jpg\n$/);
  expect(new Uint8Array(readFileSync(join(dir, "result.jpg")))).toEqual(RESULT);
});
