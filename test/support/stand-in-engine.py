"""Stands in for the Python engine on machines without a graphics card: it speaks the real protocol and draws nothing.

What it does with a picture stands in the picture, as for `stub-engine.ts`. A real picture is shown as it is in every frame, where
`--still FILE:WIDTHxHEIGHT` gives it as planar 4:2:0. Python's standard library is enough for it.
"""

import json
import os
import sys
import threading
import time

canceled = ""


def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def fail(run, code):
    say({"type": "failed", "run": run, "code": code, "detail": f"It failed with {code}."})


def option(name, default=""):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def script_of(path):
    try:
        with open(path, encoding="latin-1", newline="") as file:
            text = file.read()
        return json.loads(text[text.rfind("\n{") + 1 :])
    except ValueError:
        return {}


def behaviour_of(task):
    script = script_of(task["inputs"]["image"][0]["path"])
    trace = script.get("trace")
    if not trace:
        return script.get("run", "well")
    with open(trace, "a", encoding="utf-8") as file:
        file.write(json.dumps({"type": "run", "pid": os.getpid(), "run": task}, separators=(",", ":")) + "\n")
    with open(trace, encoding="utf-8") as file:
        so_far = file.read().count('"type":"run","pid"')
    runs = script.get("runs")
    return runs[min(so_far, len(runs)) - 1] if runs else script.get("run", "well")


def leave_frames(task):
    motion = task["motion"]
    if "path" in motion:
        with open(motion["path"], encoding="utf-8") as file:
            motion = json.load(file)
    count, fps = motion["frames"], motion["fps"]
    path, _, size = option("--still", ":512x512").rpartition(":")
    width, height = (int(side) for side in size.split("x"))
    frame = open(path, "rb").read() if path else b"frame"
    frames = task["outputs"]["video"] + ".yuv"
    with open(frames, "wb") as file:
        for done in range(count):
            file.write(frame)
            say({"type": "progress", "run": task["run"], "stage": "render", "done": done + 1, "total": count})
    outputs = {
        "video": {"width": width, "height": height, "fps": fps, "frames": count},
        "frames": {"path": frames, "pixels": "yuv420p"},
    }
    result = {"outputs": outputs, "warnings": [], "ignoredChannels": [], "timings": {"render": 1}}
    say({"type": "done", "run": task["run"], "result": result})


def work(task):
    behaviour, _, argument = behaviour_of(task).partition(":")
    run = task["run"]
    if behaviour in ("well", "frames"):
        leave_frames(task)
    elif behaviour == "fail":
        fail(run, argument)
    elif behaviour == "deviceLost":
        fail(run, "device_lost")
        os._exit(4)
    elif behaviour == "forever":
        while canceled != run:
            time.sleep(0.01)
        fail(run, "canceled")
    else:  # crash, abort
        os.abort()


if option("--start"):
    sys.exit(option("--start"))
ready = {"type": "ready", "protocol": 2, "engine": "liveportrait", "version": "0.0.1"}
say({**ready, "kinds": ["animate"], "checks": [], "services": []})
for line in sys.stdin:
    request = json.loads(line)
    if request["type"] == "cancel":
        canceled = request["run"]
    elif request["type"] == "run":
        threading.Thread(target=work, args=(request,), daemon=True).start()
