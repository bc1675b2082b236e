"""One process of a fleet: several threads that want a token at the same moment.

Arguments: Redis URL, server URL, cipher key, number of threads. Says `ready`, waits for a line, prints what
each thread got.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import redis
from cryptography.fernet import Fernet

from schemas.dealer import Connection, Secret
from worker.deadline import Deadline
from worker.vinacles.oauth import TokenSource
from worker.vinacles.wire import Wire, build_session


def main(redis_url: str, server_url: str, key: str, threads: str) -> None:
    client = redis.Redis.from_url(redis_url)
    source = TokenSource(client, Fernet(key), b"naming key", Wire(build_session(4, allow_private=True)))
    connection = Connection(
        server_url, f"{server_url}/oauth/token", "the audience", "the id", Secret("s3cret")
    )
    with ThreadPoolExecutor(int(threads)) as pool:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        got = [pool.submit(source.get, connection, Deadline.after(30)) for _ in range(int(threads))]
        for future in got:
            sys.stdout.write(future.result().access_token.reveal() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
