"""The fleet's encrypted tokens as they lie in Redis, for those who look after the keys."""

import re
from collections.abc import Iterator
from typing import cast

import redis

from worker.redis_client import shared_memory
from worker.vinacles.oauth import TOKEN_NAMES

_NAME = re.compile(rf"{TOKEN_NAMES}[0-9a-f]+".encode())
# The token keeps its name and its time to live; one that was renewed meanwhile is left alone.
_REPLACE_IF_SAME = (
    "if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end "
    "redis.call('set', KEYS[1], ARGV[2], 'keepttl') return 1"
)


def encrypted_tokens(redis_client: redis.Redis) -> dict[bytes, bytes]:
    """Each token by its name. Raises StorageUnavailable or ConfigurationError like `TokenSource`."""
    with shared_memory():
        found = cast("Iterator[bytes]", redis_client.scan_iter(match=f"{TOKEN_NAMES}*", count=1000))
        names = [name for name in found if _NAME.fullmatch(name)]
        values = cast("list[bytes | None]", redis_client.mget(names)) if names else []
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def replace_token(redis_client: redis.Redis, name: bytes, old: bytes, new: bytes) -> bool:
    """The same token in other encryption; False when it is another one by now. Raises like the above."""
    with shared_memory():
        return bool(redis_client.eval(_REPLACE_IF_SAME, 1, name, old, new))
