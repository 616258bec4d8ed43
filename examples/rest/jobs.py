"""Runs a command by the API of chore, shows its output, and ends with its exit code. Needs nothing but Python 3.9.

    python3 jobs.py https://localhost:8443 server.pem alice.pem alice.key make test
"""

import json
import ssl
import sys
import urllib.error
import urllib.request
import uuid


def main(server, server_pem, client_pem, client_key, *command):
    context = ssl.create_default_context(cafile=server_pem)
    context.load_cert_chain(client_pem, client_key)

    def ask(path, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers} if body is not None else headers
        request = urllib.request.Request(f"{server}/v1/{path}", data, headers)
        return urllib.request.urlopen(request, context=context)

    try:
        # Whoever does not get the answer asks again with the same key: that starts no second job.
        key = {"Idempotency-Key": str(uuid.uuid4())}
        job = json.load(ask("jobs", {"command": command}, **key))
        print(f"{job['name']} is {job['id']}", file=sys.stderr)
        with ask(f"jobs/{job['id']}/output?follow") as output:
            while piece := output.read1():
                sys.stdout.buffer.write(piece)
                sys.stdout.flush()
        while job["endedAt"] is None:
            job = json.load(ask(f"jobs/{job['id']}/end"))
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        print(f"{problem['code']}: {problem['detail']}", file=sys.stderr)
        return 125
    print(f"{job['name']} {job['state']}", file=sys.stderr)
    return 1 if job["exitCode"] is None else job["exitCode"]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
