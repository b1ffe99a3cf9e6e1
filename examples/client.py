#!/usr/bin/env python3
"""Drives a whole migration over JSON lines: client.py OMT CONFIG USER [PLAN]

Runs the initial upload, or the recovery if the tenant holds a migration already: the wizard says which it is.
"""
import json
import subprocess
import sys

omt, config, user = sys.argv[1:4]
program = subprocess.Popen([omt, "serve", "-c", config, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
view, number = json.loads(program.stdout.readline())["view"], 0


def ask(request):
    """Sends a request and gives its answer; events that come meanwhile are shown."""
    global number
    number += 1
    program.stdin.write(json.dumps({"id": number, "wait": True, **request}) + "\n")
    program.stdin.flush()
    for line in program.stdout:
        message = json.loads(line)
        if message.get("answer") == number:
            if "error" in message:
                sys.exit(f"{request}: {message['error']['message']} ({message['error'].get('hint')})")
            return message.get("view", message.get("result"))
        if message.get("event") in ("warning", "failed"):
            print(message.get("message") or message["trouble"]["message"])


def finished():
    """Waits for the end of the upload and gives its summary."""
    for line in program.stdout:
        message = json.loads(line)
        if message.get("event") == "finished":
            return message["summary"]


contact = {"name": "Client", "email": "client@example.com", "language": "en", "mode": "test"}
ways = {"welcome": [{"command": "accept"}], "recovery": [{"command": "choose", "recovery": "missing"}],
        "installation": [{"command": "use-installation"}], "log-on": [{"command": "log-on", "user": user}, {"command": "go-on"}],
        "confirm": [{"command": "confirm", **contact}], "upload": [{"command": "upload"}],
        "checklist": [{"command": "check"}, {"command": "suggest-plans"}, {"command": "notify", "welcome": False},
                      *({"command": "tick", "task": task} for task in ("plans", "names", "notifications")), {"command": "upload"}]}
while view["step"] != "complete":
    before = view["step"]
    for request in ways[before]:
        if view["step"] == before and request["command"] in view["may"]:
            view = ask(request)
    if view["step"] == "upload" and view["data"]["state"] == "running":
        summary = finished()
        print(json.dumps({"kind": summary["kind"], "exit": summary["exit"], "outcomes": summary["outcomes"]}))
        view = ask({"query": "view"})
program.stdin.close()
sys.exit(program.wait())
