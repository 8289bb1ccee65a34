"""What a mail's author wrote, and where a mailbox's mails begin."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collecting import mail, mbox
from postgrad.core.collecting import MAIL_LANGUAGES, CollectSettings
from postgrad.data.collect.mails import mbox_mails, own_words, read_mail
from postgrad.errors import RowError

SETTINGS = CollectSettings()


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Yes.\n\nOn Tue, 3 Nov 2026 at 10:00, Bob <b@x.org> wrote:\n> can I?\n> really", "Yes."),
        (
            "On Tue, 3 Nov 2026 at 10:00, Bob <b@x.org> wrote:\n> can I?\n\nYes, you can.\n",
            "Yes, you can.",
        ),
        ("Gerne.\n\nAm 03.11.2026 um 10:00 schrieb Bob <b@x.org>:\n> hallo", "Gerne."),
        ("Voilà.\n\nLe 3 nov. 2026 à 10:00, Bob <b@x.org> a écrit :\n> salut", "Voilà."),
        (
            "Done.\n\n-----Original Message-----\nFrom: Bob\nSent: Monday\nTo: A\n\nold",
            "Done.",
        ),
        (
            "Done.\n\n________________________________\nVon: Bob\nGesendet: Montag\nAn: A\n\nalt",
            "Done.",
        ),
        (
            "See:\n\n---------- Forwarded message ---------\nFrom: A\nDate: M\nSubject: s\n\nold",
            "See:",
        ),
        ("It works.\n-- \nAnn Meyer\nAcme Ltd", "It works."),
        ("It works.\n\nKind regards,\nAnn Meyer", "It works."),
        ("It works.\n\nMit freundlichen Grüßen\nAnn Meyer", "It works."),
        ("It works.\nSent from my iPhone", "It works."),
        ("> inline\nmy answer\n> more\nand more", "my answer\nand more"),
        ("Run:\n\n    make\n      test\n", "Run:\n\n    make\n      test"),
        ("- one\n- two", "- one\n- two"),
        ("> only quoted", ""),
        ("", ""),
    ],
)
def test_own_words(text: str, own: str) -> None:
    assert own_words(text, MAIL_LANGUAGES) == own


@pytest.mark.parametrize(
    "text",
    [
        "Hello,\nThank you, the parcel has arrived, but the lamp in it is broken.\nWhat now?",
        "Hi,\nThanks, that worked!\n\nOne more question: is it safe?",
        "Best, I think, is the blue one.\nThe red one is too small.",
        "Take the left door.\nTell them that I sent you.",
        "On Monday we are closed.\nFrom there on, all is well.\nTo: whom it may concern.",
    ],
)
def test_no_sentence_is_lost(text: str) -> None:
    assert own_words(text, MAIL_LANGUAGES) == text


@given(
    st.lists(
        st.sampled_from(["words here", "On ", "> ", "From: a", "Thanks,", "", " ", "--", "Von: b"])
    )
)
@settings(max_examples=200, deadline=None)
def test_own_words_are_lines_of_the_mail_in_their_order(lines: list[str]) -> None:
    rest = iter(line for line in lines if line.strip())
    for line in own_words("\n".join(lines), MAIL_LANGUAGES).split("\n"):
        assert not line.strip() or line in rest


@pytest.mark.parametrize(
    "text",
    [
        *("On " * 30_000, "\n" * 90_000, "From: x\n" * 5000, "> On a\n" * 10_000, "a b\n" * 20_000),
        *(
            "Von: x\nGesendet: y\n" * 4000,
            "Thanks, \n" * 10_000,
            ("x" * 999 + "\n") * 90,
            "__" * 45_000,
        ),
    ],
    ids=range(9),
)
def test_no_text_keeps_it_busy(text: str) -> None:
    began = time.process_time()
    own_words(text, MAIL_LANGUAGES)
    # without the guards of own_words the first two take minutes, and this machine may be slow
    assert time.process_time() - began < 10


def read(text: str | bytes, **settings_: object) -> object:
    data = text.encode() if isinstance(text, str) else text
    return read_mail(data, CollectSettings.build(settings_))


def test_a_mail() -> None:
    found = read_mail(
        mail(7, "Ann <ann@cust.example>", "Where is it?", 3, subject="Re: AW: Parcel").encode(),
        SETTINGS,
    )
    assert (found.id, found.references) == ("7@mails.example", ("3@mails.example",))
    assert (found.sender, found.addresses) == ("ann@cust.example", ("help@acme.example",))
    assert (found.subject, found.text) == ("Parcel", "Where is it?")
    assert found.time is not None


def body(content: bytes, kind: str) -> bytes:
    return b"From: a@b.example\nContent-Type: " + kind.encode() + b"\n\n" + content


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ("Grüße von hier".encode("latin-1"), "text/plain; charset=iso-8859-1", "Grüße von hier"),
        ("Grüße von hier".encode(), "text/plain", "Grüße von hier"),
        ("Grüße von hier".encode(), "text/plain; charset=us-ascii", "Grüße von hier"),
        ("Grüße von hier".encode(), "text/plain; charset=no-such-thing", "Grüße von hier"),
        (
            "日本語のメール".encode("iso-2022-jp"),
            "text/plain; charset=iso-2022-jp",
            "日本語のメール",
        ),
        (b"<p>Hi <b>you</b></p><blockquote>old</blockquote>", "text/html", "Hi **you**"),
        (b"One sentence \ngoes on.\n-- \nme", "text/plain; format=flowed", "One sentence goes on."),
    ],
)
def test_encodings_and_forms_of_a_body(content: bytes, kind: str, text: str) -> None:
    assert read_mail(body(content, kind), SETTINGS).text == text


def test_parts_and_attachments() -> None:
    parts = (
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=B\n\n"
        b"--B\nContent-Type: multipart/alternative; boundary=C\n\n"
        b"--C\nContent-Type: text/html\n\n<p>html</p>\n"
        b"--C\nContent-Type: text/plain\n\nplain words\n--C--\n"
        b"--B\nContent-Type: text/plain\nContent-Disposition: attachment\n\nattached\n--B--\n"
    )
    assert read_mail(parts, SETTINGS).text == "plain words"


def test_a_header_in_an_odd_encoding() -> None:
    text = mail(
        1, "=?utf-8?q?J=C3=BCrgen?= <j@x.example>", "Hi.", subject="=?iso-8859-1?q?Gr=FC=DFe?="
    )
    assert read_mail(text.encode(), SETTINGS).subject == "Grüße"
    assert read_mail(text.replace("iso-8859-1", "no-such").encode(), SETTINGS).text == "Hi."


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "damaged"),
        (b"From: a@b.example\n\n> quoted\n", "no_text"),
        (b"From: a@b.example\nContent-Type: image/png\n\nxx", "no_text"),
        (b"Subject: x\n\nwords", "damaged"),
        (b"From: a@b.example\nAuto-Submitted: auto-replied\n\nI am away.", "automatic"),
        (b"From: a@b.example\nPrecedence: bulk\n\nBuy!", "automatic"),
        (b"From: a@b.example\nList-Id: <x>\n\nHi all.", "automatic"),
        (body(b"x", "multipart/report; boundary=B"), "automatic"),
        (body("déjà vu".encode("cp1252"), "text/plain; charset=utf-8"), "wrong_encoding"),
        (body(b"a log line\n" * 20_000, "text/plain"), "too_large"),
    ],
)
def test_mails_that_are_no_use(data: bytes, code: str) -> None:
    with pytest.raises(RowError) as caught:
        read_mail(data, SETTINGS)
    assert caught.value.code == code


@given(st.binary(max_size=300))
@example(b"From: =?utf-8?b?\xff\xff?=\nSubject: =?x?q?\n\nx")
@example(b'From: a@b.example\nContent-Type: text/plain; charset="\nDate: 99999\n\nx')
@settings(max_examples=300, deadline=None)
def test_whatever_is_in_a_mail_it_is_read_or_has_a_reason(data: bytes) -> None:
    for prefix in (b"", b"From: a@b.example\nContent-Type: text/plain\n"):
        try:
            assert read_mail(prefix + data, SETTINGS).text.strip()
        except RowError as error:
            assert error.code
            assert error.what


BODIES = st.lists(
    st.sampled_from(["words", "", "From here on", ">From me", "From a b Tue Nov 03", "  From x"]),
    max_size=8,
).map("\n".join)


@given(st.lists(BODIES, min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_every_mail_of_a_mailbox_is_found(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[str]
) -> None:
    path = tmp_path_factory.mktemp("mbox") / "a.mbox"
    path.write_text(mbox(*(mail(n, "a@b.example", text) for n, text in enumerate(bodies))))
    found = list(mbox_mails(path))
    assert len(found) == len(bodies)
    lines = path.read_text().split("\n")
    for (line, data), text in zip(found, bodies, strict=True):
        assert lines[line - 1].startswith("From who@where.example")
        assert data is not None
        assert text.replace(">From", "From").rstrip() in data.decode().replace(">From", "From")


def test_a_mail_that_is_too_large_costs_itself_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postgrad.data.collect.mails.MAX_MAIL_BYTES", 1000)
    path = tmp_path / "a.mbox"
    path.write_text(mbox(mail(1, "a@b.example", "x" * 2000), mail(2, "a@b.example", "Hi.")))
    (_, first), (_, second) = mbox_mails(path)
    assert first is None
    assert second is not None
