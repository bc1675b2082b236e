"""For the site, a fence says its language alone.

The words behind it name the block for tests; Python-Markdown takes such a line for no fence, and what follows
the block's end for code.
"""

import re
from typing import Any

_NAMED = re.compile(r"^( *`{3,}[\w-]+) .*$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    return _NAMED.sub(r"\1", markdown)
