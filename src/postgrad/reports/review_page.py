"""The page of `postgrad review --page`: pairs of answers to be marked in a browser, blind.

It sends and fetches nothing. Its one script is named by its hash in the page's own
Content-Security-Policy, which forbids every other one and every request.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from postgrad.reports.page import environment


def render_review_page(pairs: Sequence[Mapping[str, Any]], run: str, needed: int) -> str:
    """The page.

    Args:
        pairs: {key, turns (of role and text), a, b}; nothing in them tells whose an answer is.
        run: the run's name; the downloaded file is named after it.
        needed: marks until they decide the verdict.
    """
    templates = environment()
    script = templates.get_template("review.js.jinja").render().strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    held = json.dumps({"run": run, "needed": needed, "pairs": list(pairs)})
    # JSON knows no < outside of texts, and there it may be written like this: no tag can begin
    data = held.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return templates.get_template("review.html.jinja").render(
        run=run,
        count=len(pairs),
        data=Markup(data),
        script=Markup(script),
        digest=digest,
    )
