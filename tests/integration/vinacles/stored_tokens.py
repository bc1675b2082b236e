"""What Redis holds of tokens."""

import redis


def names(client: redis.Redis) -> list[bytes]:
    return sorted(
        name for name in client.scan_iter() if not name.endswith((b":lock", b":refused", b":resting"))
    )


def the_name(client: redis.Redis) -> bytes:
    [name] = names(client)
    return name


def lives_on(client: redis.Redis, seconds: float) -> None:
    """Let the token have only so much of its life left."""
    client.pexpire(the_name(client), int(seconds * 1000))
