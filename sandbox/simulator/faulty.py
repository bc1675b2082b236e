"""The answer that a fault of kind `status` describes."""

from sandbox.simulator.answers import Answer, json_answer
from sandbox.simulator.faults import Body, Fault
from sandbox.simulator.refusals import CODES, INVALID_TOKEN, error_body
from sandbox.simulator.tokens import token_error

#: `error` of the token endpoint's JSON by status (RFC 6749, 5.2, and Auth0's additions to it).
_TOKEN_ERRORS = {
    400: "invalid_request",
    401: "access_denied",
    403: "access_denied",
    429: "too_many_requests",
    500: "server_error",
}
#: Statuses that come without a body: the token's check, the server below Data API builder, and redirects.
_EMPTY = {401, 414, *range(300, 400)}
#: What a proxy says in a line of text; its other pages are HTML.
_TEXTS = {
    408: "upstream request timeout",
    503: "upstream connect error or disconnect/reset before headers",
    504: "upstream request timeout",
}
_HTML = "<html><body><h1>{status}</h1><p>The page cannot be displayed.</p></body></html>"
_MESSAGE = "While processing your request the server ran into an error."


def faulty_answer(fault: Fault, at_token_url: bool) -> Answer:
    """`body` and `code` are what comes with the status at this URL, unless the fault says otherwise."""
    said = {"Retry-After": fault.retry_after, "Location": fault.location}
    headers = {name: value for name, value in said.items() if value is not None}
    if fault.status == 401 and not at_token_url:
        headers |= INVALID_TOKEN
    body = fault.body or _usual_body(fault, at_token_url)
    closes = fault.status == 414
    if body is Body.EMPTY:
        return Answer(fault.status, headers=headers, close=closes)
    if body is Body.JSON:
        return json_answer(fault.status, _json(fault, at_token_url), headers)
    text = (
        _TEXTS.get(fault.status, "upstream error") if body is Body.TEXT else _HTML.format(status=fault.status)
    )
    kind = "text/plain" if body is Body.TEXT else "text/html"
    return Answer(fault.status, text.encode(), kind, headers, closes)


def _usual_body(fault: Fault, at_token_url: bool) -> Body:
    codes = _TOKEN_ERRORS if at_token_url else CODES
    if fault.code is not None or fault.status in codes or fault.status < 300:
        return Body.JSON
    if fault.status in _EMPTY:
        return Body.EMPTY
    return Body.TEXT if fault.status in _TEXTS else Body.HTML


def _json(fault: Fault, at_token_url: bool) -> bytes:
    if at_token_url:
        return token_error(fault.code or _TOKEN_ERRORS.get(fault.status, "server_error"), _MESSAGE)
    return error_body(fault.status, fault.code or CODES.get(fault.status, "UnexpectedError"), _MESSAGE)
