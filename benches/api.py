#!/usr/bin/env python3
"""How long calls of the API take while an upload saturates the machine: api.py OMT [DOCUMENTS]

Serves a sample, walks the steps, and asks five queries over one connection, first idle, then during the upload.
"""
import http.client
import json
import statistics
import subprocess
import sys
import time

QUERIES = ["view", "plans", "users?limit=50", "checks", "journal?limit=50"]
documents = sys.argv[2] if len(sys.argv) > 2 else "60000"
program = subprocess.Popen([sys.argv[1], "serve", "--sample", "--documents", documents, "--users", "200", "--json"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
said = json.loads(program.stdout.readline())
user = next(line.split("`")[1] for line in program.stderr if "log on as" in line)
line = http.client.HTTPConnection(said["address"])
head = {"Authorization": f"Bearer {said['token']}", "Content-Type": "application/json"}


def call(method, path, body=None):
    line.request(method, f"/api/v1/{path}", json.dumps(body) if body else None, head)
    response = line.getresponse()
    answer = json.loads(response.read())
    if response.status != 200:
        sys.exit(f"{body or path}: {answer}")
    return answer


def command(word, **fields):
    return call("POST", "commands?wait=true", {"command": word, **fields})


def ask(times):
    for query in QUERIES:
        begun = time.perf_counter()
        call("GET", query)
        times.setdefault(query, []).append((time.perf_counter() - begun) * 1000)


try:
    for name, fields in [("accept", {}), ("use-installation", {}), ("log-on", {"user": user}), ("go-on", {}),
                         ("confirm", {"name": "A", "email": "a@example.com", "language": "en", "mode": "test"})]:
        command(name, **fields)
    first = call("GET", "users?filter=admin:yes+retired:no&limit=1")["users"][0]["id"]
    command("assign", users=[first], plan="SalesPREM")
    command("notify", welcome=False)
    for task in ("plans", "names", "notifications"):
        command("tick", task=task)
    idle, busy = {}, {}
    for _ in range(40):
        ask(idle)
    command("upload")
    begun = time.time()
    while call("GET", "view")["step"] == "upload":
        ask(busy)
        time.sleep(0.02)
    print(f"{documents} documents, {time.time() - begun:.1f} s of upload; milliseconds")
    print(f"{'query':18} {'idle':>8} {'median':>8} {'95 of 100':>10} {'longest':>8}")
    for query in QUERIES:
        times = sorted(busy[query])
        print(f"{query:18} {statistics.median(idle[query]):8.1f} {statistics.median(times):8.1f} {times[len(times) * 95 // 100]:10.1f} {times[-1]:8.1f}")
finally:
    program.terminate()
