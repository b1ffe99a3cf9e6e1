#!/usr/bin/env python3
"""Drives a whole migration over JSON lines: client.py OMT CONFIG USER

The initial upload the first time, and afterwards a recovery of missing documents: the wizard says which it is.
"""
import json
import subprocess
import sys

omt, config, user = sys.argv[1:4]
program = subprocess.Popen([omt, "serve", "-c", config, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8")
view, number = json.loads(program.stdout.readline())["view"], 0


def ask(**request):
    """Sends a request, and gives its answer and the summary of an upload that ended meanwhile."""
    global number
    number, summary = number + 1, None
    print(json.dumps({"id": number, "wait": True, **request}), file=program.stdin, flush=True)
    for message in map(json.loads, program.stdout):
        if message.get("event") == "finished":
            summary = message["summary"]
        if message.get("answer") == number:
            if "error" in message:
                sys.exit(f"{request}: {message['error']['message']} ({message['error'].get('hint')})")
            answer = message.get("view") or message.get("result")
        if "answer" in locals() and (summary or request.get("command") not in ("upload", "look-again")):
            return answer, summary


ways = {"welcome": [{"command": "accept"}], "recovery": [{"command": "choose", "recovery": "missing"}],
        "installation": [{"command": "use-installation"}], "log-on": [{"command": "log-on", "user": user}, {"command": "go-on"}],
        "confirm": [{"command": "confirm", "name": "A program", "email": "program@example.com", "language": "en", "mode": "test"}],
        "checklist": [{"command": "suggest-plans"}, {"command": "notify", "welcome": False},
                      *({"command": "tick", "task": task} for task in ("plans", "names", "notifications")), {"command": "upload"}],
        "upload": [{"command": "upload"}], "complete": [{"command": "start-over"}]}
done = False
while not done:
    step = view["step"]
    for request in [request for request in ways[step] if request["command"] != "go-on" or view["step"] == "log-on"]:
        view, summary = ask(**request)
        if summary:
            print(json.dumps({key: summary[key] for key in ("kind", "exit", "outcomes")}))
            view, done = ask(query="view")[0], True
        if view["step"] != step:
            break
    if view["step"] == step and not done:
        sys.exit(f"stuck at {step}: {view.get('trouble')}, {view['blocked']}")
program.stdin.close()
sys.exit(program.wait())
