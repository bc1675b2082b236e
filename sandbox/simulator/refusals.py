"""Data API builder's refusals: a status, a sub-status code and a text, in its JSON shape."""

import json

#: What a 401 says of a token that came but is not valid (RFC 6750, 3).
INVALID_TOKEN = {"WWW-Authenticate": 'Bearer error="invalid_token"'}

#: The sub-status code that Data API builder gives with a status.
CODES = {
    400: "BadRequest",
    403: "AuthorizationCheckFailed",
    404: "EntityNotFound",
    405: "BadRequest",
    413: "ErrorProcessingData",
    500: "UnexpectedError",
}


class Refusal(Exception):
    """`status` is the HTTP status, `code` Data API builder's sub-status code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> bytes:
        return error_body(self.status, self.code, self.message)


def error_body(status: int, code: str, message: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": message, "status": status}}).encode()


def bad_request(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


def entity_not_found(message: str) -> Refusal:
    return Refusal(404, "EntityNotFound", message)


def page_too_big(rows: int) -> Refusal:
    return Refusal(
        413,
        "ErrorProcessingData",
        f"The result is larger than the largest page of {rows} rows. Use pagination to make it smaller.",
    )


def not_allowed() -> Refusal:
    return Refusal(403, "AuthorizationCheckFailed", "Authorization Failure: Access Not Allowed.")
