"""Secrets: keys and passwords of machines, which open something to whoever reads them.

A key is known by the form that its provider documents, which begins with a prefix made for being
found; one without a form of its own by the name that it is assigned to and by its entropy, since
words and examples repeat their letters and random keys do not.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from postgrad.core.findings import Hit, Kind
from postgrad.data.personal.masks import Span, ToMask, mask_hits, to_mask, without_overlaps
from postgrad.data.rows import Piece, Row, Rows

PROVIDERS: tuple[tuple[str, str], ...] = (
    ("sk-", r"sk-(?:proj-|svcacct-|admin-|ant-[a-z0-9]+-|or-v1-)?[A-Za-z0-9_\-]{20,200}"),
    ("ghp_", r"ghp_[A-Za-z0-9]{36}"),
    ("gho_", r"gho_[A-Za-z0-9]{36}"),
    ("ghs_", r"gh[sur]_[A-Za-z0-9]{36}"),
    ("github_pat_", r"github_pat_\w{60,90}"),
    ("glpat-", r"glpat-[\w\-]{20,60}"),
    ("AKIA", r"AKIA[A-Z0-9]{16}"),
    ("ASIA", r"ASIA[A-Z0-9]{16}"),
    ("AIza", r"AIza[\w\-]{35}"),
    ("ya29.", r"ya29\.[\w\-]{30,300}"),
    ("xox", r"xox[abeoprs]-[A-Za-z0-9\-]{20,200}"),
    ("hooks.slack.com", r"hooks\.slack\.com/services/T\w{6,12}/B\w{6,12}/\w{20,30}"),
    ("hf_", r"hf_[A-Za-z]{34}"),
    ("_live_", r"[sr]k_live_[A-Za-z0-9]{20,120}"),
    ("npm_", r"npm_[A-Za-z0-9]{36}"),
    ("pypi-", r"pypi-AgE[\w\-]{50,300}"),
    ("SG.", r"SG\.[\w\-]{22}\.[\w\-]{43}"),
    ("dop_v1_", r"dop_v1_[a-f0-9]{64}"),
    ("shpat_", r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    ("AccountKey=", r"AccountKey=[A-Za-z0-9+/]{86}=="),
    ("eyJ", r"eyJ[\w\-]{15,}\.eyJ[\w\-]{15,}\.[\w\-]{20,}"),
)
"""A literal that every key of the form has, and the form: as the providers document them
(GitHub, "Secret scanning patterns"; a JSON Web Token is RFC 7519's)."""

FORMS = tuple((literal, re.compile(rf"(?<![\w\-]){form}(?![\w\-])")) for literal, form in PROVIDERS)

NAMED = re.compile(
    r"(?i:\b[\w\-]*(?:api[_\- ]?key|secret|access[_\- ]?token|auth[_\- ]?token|client[_\- ]?secret"
    r"|private[_\- ]?token)[\w\-]*[\"']?\s{0,3}(?:=>|:=|=|:)\s{0,3}|\bbearer\s)"
    r"[\"'`]?(?P<value>[A-Za-z0-9+/_.\-]{20,200}={0,2})(?![\w(\[])"
)
NAMES = ("api", "secret", "token", "bearer")

LONG = re.compile(r"[A-Za-z0-9+/_.\-]{20}")
"""What every value of a name has, and most texts have not."""

LEAST_SIGNS = 20
"""Without a space in between, of every key but private ones and passwords."""

LEAST_BITS = 3.5
"""Of entropy for each sign: random base 64 of 20 signs has about 4, words joined by _ about 3."""

PRIVATE = re.compile(
    r"-----BEGIN (?P<name>(?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?)-----"
    r"[A-Za-z0-9+/=\s,:\\\-]{40,}?-----END (?P=name)-----"
)
PASSWORD_IN_ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.\-]{2,20}://[^\s:@/<>{}\[\]$]{1,60}:(?P<value>[^\s:@/<>{}\[\]$*]{3,80})@[\w.\-]+"
)
MADE_UP = re.compile(
    r"(?i)your|example|sample|dummy|placeholder|changeme|password|x{4,}|\.{3}|1234567"
)
"""What documentation writes in the place of a key."""

OPENS = "Whoever gets the model to say it can use it."


class Secrets:
    """Keys, tokens and passwords in any turn of a row."""

    name = "secrets"
    title = "keys and passwords of machines"
    optional = False
    kinds = (
        Kind(
            "secret_private_key",
            "blocks",
            "private keys",
            OPENS,
            "Masked; revoke the key too, since the file has been read by now.",
            cleaned=True,
            source="RFC 7468; RFC 4716; OpenPGP, RFC 9580",
        ),
        Kind(
            "secret_api_key",
            "blocks",
            "keys and tokens of services",
            OPENS,
            "Masked; revoke the key too, since the file has been read by now.",
            cleaned=True,
            source="GitHub, Secret scanning patterns; Meli et al., NDSS 2019, How Bad Can It Git?",
        ),
    )

    @staticmethod
    def at_row(row: Row, pieces: Sequence[Piece]) -> ToMask | None:
        """The secrets in a row."""
        return to_mask(pieces, _spans)

    def find(self, rows: Rows) -> Iterator[Hit]:
        """A hit for each secret of each turn."""
        return mask_hits(rows.seen(self.at_row), lambda kind: f"secret_{kind.lower()}")


def _spans(piece: Piece) -> list[Span]:
    return secrets(piece.text)


def secrets(text: str) -> list[Span]:
    """Secrets in their order: PRIVATE_KEY or API_KEY."""
    return without_overlaps(_every(text))


def _every(text: str) -> Iterator[Span]:
    if "PRIVATE KEY" in text:
        for found in PRIVATE.finditer(text):
            yield Span("PRIVATE_KEY", *found.span(), found[0], "".join(found[0].split()))
    if max(map(len, text.split()), default=0) >= LEAST_SIGNS:
        yield from _keys(text)
    if "://" in text and "@" in text:
        for found in PASSWORD_IN_ADDRESS.finditer(text):
            if not MADE_UP.search(found["value"]):
                yield Span("API_KEY", *found.span("value"), found["value"], found["value"])


def _keys(text: str) -> Iterator[Span]:
    for literal, form in FORMS:
        if literal in text:
            for found in form.finditer(text):
                if _is_random(found[0][len(literal) :]) and not MADE_UP.search(found[0]):
                    yield Span("API_KEY", *found.span(), found[0], found[0])
    lower = text.lower()
    if any(map(lower.__contains__, NAMES)) and LONG.search(text):
        yield from _named(NAMED, text)


def _named(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for found in pattern.finditer(text):
        value = found["value"].rstrip(".-")
        digits = any(map(str.isdigit, value))
        letters = any(map(str.isalpha, value))
        if digits and letters and _is_random(value) and not MADE_UP.search(value):
            start = found.start("value")
            yield Span("API_KEY", start, start + len(value), value, value)


def _is_random(value: str) -> bool:
    """Whether the signs are as mixed as those of a key; see LEAST_BITS."""
    counts = Counter(value).values()
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts)
    return entropy >= min(LEAST_BITS, 0.8 * math.log2(max(2, len(value))))
