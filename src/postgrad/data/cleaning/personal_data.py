"""Personal data of people: addresses, numbers, names, passwords.

A fine-tuned model can say verbatim what it was trained on (Carlini et al., "Extracting Training
Data from Large Language Models", arXiv:2012.07805), and data protection law asks that no more of it
is kept than the purpose needs (GDPR, article 5.1 c). In all rows that are checked together a value
gets the same placeholder, so that a masked row still says who is who.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from postgrad.core.findings import Hit, Kind, Severity
from postgrad.data.personal.masks import Span, ToMask, mask_hits, to_mask
from postgrad.data.personal.recognise import find
from postgrad.data.rows import Piece, Row, Rows

LEARNED = "A model can say verbatim what it was trained on, to anybody who asks."
MASKED = "Masked consistently: the same value gets the same placeholder everywhere."


def _kind(code: str, severity: Severity, title: str, source: str, why: str = LEARNED) -> Kind:
    fix = "" if severity != "look" else "See whether these are real people's; if so, mask them."
    return Kind(code, severity, title, why, fix or MASKED, cleaned=True, source=source)


EXTRACTION = "Carlini et al., arXiv:2012.07805; GDPR, article 5.1 c"
KINDS = {
    "CARD": _kind("personal_card", "blocks", "card numbers", "ISO/IEC 7812-1, annex B (Luhn)"),
    "IBAN": _kind("personal_iban", "blocks", "bank accounts (IBAN)", "ISO 13616 (mod 97)"),
    "EMAIL": _kind("personal_email", "hurts", "people's e-mail addresses", EXTRACTION),
    "PHONE": _kind("personal_phone", "hurts", "people's telephone numbers", EXTRACTION),
    "ID": _kind(
        "personal_id", "hurts", "national identity numbers", "each country's check digits (stdnum)"
    ),
    "ADDRESS": _kind("personal_address", "look", "street addresses", EXTRACTION),
    "PASSWORD": _kind("personal_password", "hurts", "passwords and one-time codes", EXTRACTION),
    "ACCOUNT": _kind("personal_account", "hurts", "numbers of accounts and customers", EXTRACTION),
    "NAME": _kind("personal_name", "look", "people's names", EXTRACTION),
    "USER": _kind("personal_user_name", "look", "user names", EXTRACTION),
    "ORDER": _kind("personal_reference", "look", "numbers of orders and bookings", EXTRACTION),
    "IP": _kind("personal_ip", "look", "public IP addresses", "RFC 1918, RFC 4291"),
}
KIND_OF = {**KINDS, "CARD_NUMBER": KINDS["ACCOUNT"]}
"""A part of a card number, or one that fails the check, is told like an account."""


class PersonalData:
    """Personal data in any turn of a row, with the placeholder that would stand for it."""

    name = "personal_data"
    title = "personal data"
    optional = False
    kinds = tuple(KINDS.values())

    @staticmethod
    def at_row(row: Row, pieces: Sequence[Piece]) -> ToMask | None:
        """The values in a row."""
        return to_mask(pieces, _spans)

    def find(self, rows: Rows) -> Iterator[Hit]:
        """A hit for each value of each turn."""
        return mask_hits(rows.seen(self.at_row), lambda kind: KIND_OF[kind].code)


def _spans(piece: Piece) -> list[Span]:
    return find(piece.text, piece.role)
