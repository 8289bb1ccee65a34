"""Chat URL: one question to an OpenAI-compatible chat-completions URL, and its answer.

By the standard library: the light install has no HTTP client. What the user did not name is never
sent anything: redirects are refused, because they would carry the question, and the key, elsewhere.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

from postgrad.errors import JobError, SetupError

TIMEOUT_SECONDS = 120.0
"""For one reply. A judge that thinks for 2000 tokens at 20 tokens a second takes 100 s."""

WAITS_SECONDS = (1.0, 2.0, 4.0, 8.0)
"""Before each further try; doubled each time, as services ask for (RFC 9110 leaves it open)."""

MOST_WAIT_SECONDS = 60.0
"""However long a Retry-After asks for."""

MOST_TOKENS = 2048
"""Of a reply: two sentences and a verdict, with room for a model that thinks first."""

MOST_BYTES = 10_000_000
"""Of a reply; more is no chat completion."""

TRY_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Statuses that pass by themselves (RFC 9110, RFC 6585; 529: overloaded, as Anthropic uses it)."""

REFUSES_QUESTION = frozenset({400, 413, 422})
"""Statuses that may be about this one question: too long for the model, say."""

SHOWN_CHARACTERS = 300
"""Of what a server said."""

OPTIONAL = {"temperature": 0, "max_tokens": MOST_TOKENS}
"""Greedy, so that judging again says the same. Left out once a server says that it has no such
parameter: OpenAI's reasoning models take neither."""

_HOLDS_KEY = re.compile(r"(key|token|secret|password|sig)[^=&]*=", re.IGNORECASE)

Pause = Callable[[float], bool]
"""Waits so many seconds; True: do not go on."""


class QuestionRefusedError(Exception):
    """The server does not want this one question; the text is its own."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said.

    Attributes:
        text: its words.
        model: which one answered, as the server names it.
    """

    text: str
    model: str


def completions_url(text: str) -> str:
    """The full URL of chat completions, from it or from what comes before /chat/completions.

    Raises:
        JobError: not an http or https URL, or with a password in it.
    """
    try:
        parts = urlsplit(text.strip())
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits, parts = False, urlsplit("")
    if not fits:
        raise _bad_url(f"The judge's URL can't be {text!r}.", "It must be an http or https URL.")
    if parts.username or parts.password or _HOLDS_KEY.search(parts.query):
        raise _bad_url(
            "The judge's URL holds a name, a password or a key.",
            "The URL is stored in the run, and shown; a key must not be.",
        )
    path = parts.path.rstrip("/")
    if not path.endswith("/chat/completions"):
        path = (path or "/v1") + "/chat/completions"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def _bad_url(what: str, why: str) -> JobError:
    fix = (
        "For example: --judge http://localhost:8000/v1. A key goes into an environment variable, "
        "and its name into judge.key_env."
    )
    return JobError(what, why=why, fix=fix, code="judge_url")


def is_local(url: str) -> bool:
    """Whether a URL is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass
class ChatURL:
    """A model behind a URL.

    Args:
        url: of chat completions, whole.
        model: as the URL knows it.
        key: sent as a bearer token; None: none.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if is_local(self.url):
            handlers.append(urllib.request.ProxyHandler({}))
        self._opener = urllib.request.build_opener(*handlers)
        self._optional = dict(OPTIONAL)

    def ask(self, messages: Sequence[Mapping[str, str]], pause: Pause) -> Reply:
        """The reply to some messages; what passes by itself is tried again.

        Args:
            messages: with role and content.
            pause: how to wait between two tries.

        Raises:
            QuestionRefusedError: the server refuses this question.
            SetupError: the URL does not answer, refuses the key, or gives no chat completion.
        """
        for wait in (*WAITS_SECONDS, None):
            try:
                return self._ask_once(messages)
            except urllib.error.HTTPError as error:
                told = self._told(error)
                if error.code in REFUSES_QUESTION and self._drop_named(told):
                    continue
                if error.code in REFUSES_QUESTION:
                    raise QuestionRefusedError(f"HTTP {error.code}: {told}") from None
                if error.code not in TRY_AGAIN:
                    raise self._refused(error.code, told) from None
                if wait is None:
                    raise self._silent(OSError(f"HTTP {error.code}: {told}")) from None
                wait = _retry_after(error, wait)
            except (OSError, http.client.HTTPException, ValueError) as error:
                if wait is None:
                    raise self._silent(error) from None
            if wait and pause(wait):
                break
        raise self._silent(TimeoutError("stopped while waiting"))

    def _ask_once(self, messages: Sequence[Mapping[str, str]]) -> Reply:
        body = {"model": self.model, "messages": [dict(each) for each in messages]}
        headers = {"Content-Type": "application/json", "User-Agent": "postgrad"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        data = json.dumps(body | self._optional).encode()
        request = urllib.request.Request(self.url, data, headers, method="POST")
        deadline = time.monotonic() + TIMEOUT_SECONDS
        with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            content = b""
            while piece := answer.read(65536):
                content += piece
                if len(content) > MOST_BYTES or time.monotonic() > deadline:
                    raise TimeoutError("the reply did not end")
        return _reply(content)

    def _drop_named(self, told: str) -> bool:
        """Leave out an optional parameter that the server complains of; whether there was one."""
        named = [name for name in self._optional if name in told]
        for name in named:
            self._optional.pop(name, None)
        return bool(named)

    def _told(self, error: urllib.error.HTTPError) -> str:
        """What a server says of an error, without the key that it may repeat."""
        try:
            text = error.read(MOST_BYTES).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            text = ""
        if self.key:
            text = text.replace(self.key, "***")
        return " ".join(text.split())[:SHOWN_CHARACTERS] or error.reason or "no reason given"

    def _refused(self, status: int, told: str) -> SetupError:
        why, fix = f"It says: {told}", f"Try it by hand, with the model {self.model}."
        code = "judge_failed"
        if status in (401, 403):
            code = "judge_key"
            fix = (
                "Put a valid key into an environment variable and name it: --set judge.key_env=NAME"
            )
        elif status == 404:
            fix = "See whether the URL and the model's name are right; /v1 may be missing."
        elif 300 <= status < 400:
            why = "It sends the question elsewhere; what you did not name is sent nothing."
            fix = "Name the URL that it leads to."
        return SetupError(
            f"The judge at {self.url} refuses: HTTP {status}.", why=why, fix=fix, code=code
        )

    def _silent(self, error: Exception) -> SetupError:
        reason = getattr(error, "reason", None) or error
        return SetupError(
            f"The judge at {self.url} gives no answer: {reason}.",
            why=f"It was tried {len(WAITS_SECONDS) + 1} times.",
            fix="See whether the server runs and the URL is right, then give the same command "
            "again: what was judged is stored.",
            code="judge_silent",
        )


def _retry_after(error: urllib.error.HTTPError, wait: float) -> float:
    try:
        return min(MOST_WAIT_SECONDS, max(wait, float(error.headers.get("Retry-After", ""))))
    except ValueError:
        return wait


def _reply(content: bytes) -> Reply:
    """A chat completion's first choice.

    Raises:
        ValueError: it is none.
    """
    try:
        held = json.loads(content)
        message = held["choices"][0]["message"]
        parts = message.get("content") or ""
        if isinstance(parts, list):
            pieces = cast("list[Mapping[str, Any]]", parts)
            parts = "".join(str(each.get("text", "")) for each in pieces)
        return Reply(str(parts), str(held.get("model") or ""))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        start = content[:SHOWN_CHARACTERS].decode("utf-8", "replace")
        raise ValueError(f"what it sends is no chat completion: {start!r}") from None
