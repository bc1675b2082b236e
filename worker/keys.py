"""The keys that encrypt dealers' secrets and tokens: which is in use, and putting the newest to use."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import redis
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from schemas.dealer import Secret
from worker.store.dealer_secrets import encrypted_secrets, replace_secrets
from worker.store.session import Database
from worker.vinacles.token_store import encrypted_tokens, replace_token


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One key: its place in the setting, the newest being 1; a mark to tell keys apart that says nothing
    about them; and how much it alone encrypts."""

    position: int
    fingerprint: str
    client_secrets: int
    tokens: int

    @property
    def removable(self) -> bool:
        return self.position > 1 and not self.client_secrets and not self.tokens


@dataclass(frozen=True, slots=True)
class Status:
    """`unreadable_dealers` and `unreadable_tokens` were encrypted with a key that is no longer set."""

    keys: tuple[KeyUse, ...]
    unreadable_dealers: tuple[int, ...]
    unreadable_tokens: int

    @property
    def to_rotate(self) -> int:
        return sum(key.client_secrets + key.tokens for key in self.keys if key.position > 1)


@dataclass(frozen=True, slots=True)
class Rotation:
    """How many were encrypted anew, and which could not be read with any key."""

    client_secrets: int
    tokens: int
    unreadable_dealers: tuple[int, ...]


class Keys:
    """`keys` are those of the setting, the newest first; `redis_client` must return bytes."""

    def __init__(self, keys: Sequence[Secret], database: Database, redis_client: redis.Redis) -> None:
        self._fernets = [Fernet(key.reveal()) for key in keys]
        self._marks = [sha256(b"twodrive key/" + key.reveal().encode()).hexdigest()[:8] for key in keys]
        self._all = MultiFernet(self._fernets)
        self._database = database
        self._redis = redis_client

    def status(self) -> Status:
        """Raises StorageUnavailable and ConfigurationError."""
        with self._database.transaction() as connection:
            secrets = {key: self._position(text) for key, text in encrypted_secrets(connection).items()}
        tokens = Counter(self._position(text) for text in encrypted_tokens(self._redis).values())
        by_position = Counter(secrets.values())
        uses = tuple(
            KeyUse(position, mark, by_position[position], tokens[position])
            for position, mark in enumerate(self._marks, start=1)
        )
        unreadable = tuple(dealer_id for dealer_id, position in secrets.items() if position is None)
        return Status(uses, unreadable, tokens[None])

    def rotate(self) -> Rotation:
        """Encrypt with the newest key whatever an older one encrypts; done twice it changes nothing. What no
        key reads is left as it is. Raises like `status`; all secrets are changed or none."""
        with self._database.transaction() as connection:
            secrets = encrypted_secrets(connection, to_replace=True)
            positions = {dealer_id: self._position(text) for dealer_id, text in secrets.items()}
            old = [dealer_id for dealer_id, position in positions.items() if position and position > 1]
            replace_secrets(
                connection, {dealer_id: self._all.rotate(secrets[dealer_id]) for dealer_id in old}
            )
        unreadable = tuple(dealer_id for dealer_id, position in positions.items() if position is None)
        return Rotation(len(old), self._rotate_tokens(), unreadable)

    def _rotate_tokens(self) -> int:
        renewed = 0
        for name, text in encrypted_tokens(self._redis).items():
            position = self._position(text)
            if position and position > 1:
                renewed += replace_token(self._redis, name, text, self._all.rotate(text))
        return renewed

    def _position(self, text: bytes) -> int | None:
        """Which key reads `text`, the newest being 1."""
        for position, fernet in enumerate(self._fernets, start=1):
            try:
                fernet.decrypt(text)
            except InvalidToken:
                continue
            return position
        return None
