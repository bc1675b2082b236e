"""One process of a fleet that asks a dealer's Vinacles: several threads that want a slot again and again.

Arguments: Redis URL, dealer, rate, concurrent requests, threads, slots per thread. Says `ready`, waits for a
line, prints the moment of each grant. While it has a slot it counts itself in Redis.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import redis

from worker.deadline import Deadline
from worker.limits import Limits

#: The most that were inside at the same time, kept by Redis itself.
_ENTER = """
local inside = redis.call('INCR', 'inside')
if inside > tonumber(redis.call('GET', 'most') or 0) then redis.call('SET', 'most', inside) end
"""


def main(redis_url: str, dealer: str, rate: str, concurrent: str, threads: str, slots: str) -> None:
    client = redis.Redis.from_url(redis_url)
    limits = Limits(client)

    def ask(number: int) -> list[float]:
        grants: list[float] = []
        for _ in range(int(slots)):
            interactive = number % 2 == 0
            room = limits.slot(int(dealer), float(rate), int(concurrent), interactive, Deadline.after(60))
            with room as granted:
                client.eval(_ENTER, 0)
                assert granted is not None
                grants.append(granted)
                client.decr("inside")
        return grants

    with ThreadPoolExecutor(int(threads)) as pool:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        for grants in pool.map(ask, range(int(threads))):
            sys.stdout.writelines(f"{granted!r}\n" for granted in grants)


if __name__ == "__main__":
    main(*sys.argv[1:])
