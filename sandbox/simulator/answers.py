"""An HTTP answer before it meets the wire."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """`content_type` None means an empty body without a type. `close` ends the connection after it."""

    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    close: bool = False

    def compressed(self) -> "Answer":
        if not self.body:
            return self
        headers = {**self.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return replace(self, body=gzip.compress(self.body, 1), headers=headers)


def json_answer(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, body, JSON, headers or {})
