"""Runs a command by the API of chore, shows its output, and ends with its exit code.

The messages are made once, from the proto file that comes with chore:

    protoc -I proto --python_out=. chore/v1/chore.proto
    PYTHONPATH=. python3 jobs.py unix:$XDG_RUNTIME_DIR/chore/api.sock make test

For another machine, with its certificate and one's own, in the place of grpc.insecure_channel():

    grpc.secure_channel("host:8443", grpc.ssl_channel_credentials(server_pem, client_key, client_pem))
"""

import sys

import grpc
from chore.v1 import chore_pb2 as chore


def method(channel, name, answer, is_stream=False):
    """A method of chore.v1.Jobs. A plugin of protoc makes such stubs, too; this needs none."""
    make = channel.unary_stream if is_stream else channel.unary_unary
    return make(
        f"/chore.v1.Jobs/{name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=answer.FromString,
    )


def main(address, *command):
    with grpc.insecure_channel(address) as channel:
        run = method(channel, "Run", chore.Job)
        logs = method(channel, "Logs", chore.LogsResponse, is_stream=True)
        try:
            job = run(chore.RunRequest(command=command))
            print(f"{job.name} is {job.id}", file=sys.stderr)
            for part in logs(chore.LogsRequest(reference=job.id, follow=True)):
                if part.HasField("piece"):
                    sys.stdout.buffer.write(part.piece.bytes)
                else:
                    job = part.ended
        except grpc.RpcError as error:
            print(f"{error.code().name}: {error.details()}", file=sys.stderr)
            return 125
    sys.stdout.flush()
    print(f"{job.name} {job.state}", file=sys.stderr)
    return job.exit_code if job.HasField("exit_code") else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
