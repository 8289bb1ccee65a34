"""Mailboxes: threads become chats, and every mail is in one or has a reason."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collecting import gather, mail, mbox, write
from postgrad.errors import DataError, JobError

ANN, BEN, HOUSE = "Ann <ann@cust.example>", "ben@other.example", "Help <help@acme.example>"
THREAD = (
    mail(1, ANN, "Where is my parcel?"),
    mail(2, HOUSE, "It arrives tomorrow.\n\nOn Tue, Ann <ann@cust.example> wrote:\n> Where?", 1),
    mail(3, ANN, "It did not.", 2),
    mail(4, HOUSE, "We send another.", 3),
)
CHAT = [
    ("user", "Subject: Parcel\n\nWhere is my parcel?"),
    ("assistant", "It arrives tomorrow."),
    ("user", "It did not."),
    ("assistant", "We send another."),
]


def test_a_thread_is_a_chat(tmp_path: Path) -> None:
    write(tmp_path, {"a.mbox": mbox(*THREAD)})
    found = gather(tmp_path, "a.mbox", house="acme.example")
    assert found.chats == [CHAT]
    assert found.rows[0]["source"] == "a.mbox:1"
    assert found.skipped == []
    assert found.result["gives"] == "chats"


@pytest.mark.parametrize(
    "house", ["help@acme.example", "ACME.example", "@acme.example", "x, example"]
)
def test_the_house_is_an_address_or_a_domain(tmp_path: Path, house: str) -> None:
    write(tmp_path, {"a.mbox": mbox(*THREAD)})
    if house == "x, example":  # a domain above, to which the customer belongs as well
        with pytest.raises(DataError, match="The house wrote first"):
            gather(tmp_path, "a.mbox", house=house)
    else:
        assert gather(tmp_path, "a.mbox", house=house).chats == [CHAT]


def test_without_a_house_the_error_names_it(tmp_path: Path) -> None:
    other = [mail(10 + n, f"c{n}@cust{n}.example", "Hi?") for n in range(3)]
    write(tmp_path, {"a.mbox": mbox(*THREAD, *other)})
    with pytest.raises(JobError, match="own side") as caught:
        gather(tmp_path, "a.mbox")
    assert caught.value.code == "unknown_house"
    assert caught.value.fix.endswith("--set house=acme.example")


def test_a_maildir_with_hidden_folders_and_single_mails(tmp_path: Path) -> None:
    inbox = {f"in/cur/{n}.host:2,S": THREAD[n] for n in (0, 2)}
    sent = {f"in/.Sent/cur/{n}.host:2,S": THREAD[n] for n in (1, 3)}
    write(tmp_path, {**inbox, **sent, "in/new/.keep": "", "in/dovecot.index": "x"})
    found = gather(tmp_path, "in", house="acme.example")
    assert found.chats == [CHAT]
    write(tmp_path / "eml", {f"{n}.eml": text for n, text in enumerate(THREAD)})
    assert gather(tmp_path, "eml", out="b.jsonl", house="acme.example").chats == [CHAT]
    write(tmp_path / "thunderbird", {"INBOX": mbox(*THREAD[::2]), "Sent": mbox(*THREAD[1::2])})
    assert gather(tmp_path, "thunderbird", out="c.jsonl", house="acme.example").chats == [CHAT]


def test_what_is_in_no_chat_has_a_reason(tmp_path: Path) -> None:
    mails = [
        *THREAD,
        mail(5, ANN, "Thank you very much indeed, all is well now.", 4),
        mail(6, BEN, "Are you open on Sunday?", subject="Hours"),
        mail(7, HOUSE, "An offer.", subject="Offer"),
        mail(8, BEN, "No, thank you for asking us.", 7),
        mail(9, BEN, "News!", List_Id="<news>"),
        THREAD[0],
        mail(11, HOUSE, "> only a quote", 6),
    ]
    write(tmp_path, {"a.mbox": mbox(*mails)})
    found = gather(tmp_path, "a.mbox", house="acme.example")
    assert found.chats == [CHAT]
    assert sorted(found.codes.values()) == sorted(
        ["no_answer", "no_answer", "begun_by_house", "automatic", "duplicate", "no_text"]
    )
    [source] = found.result["sources"]
    assert (source["items"], source["used"], source["skipped"]) == (11, 4, 7)


def test_threads_are_found_whatever_the_order(tmp_path: Path) -> None:
    """Also where the mail in the middle, which ties both ends together, comes last."""
    mails = [
        mail(1, ANN, "One?"),
        mail(2, HOUSE, "Two.", 1),
        mail(3, ANN, "Three?", 2),
        mail(4, HOUSE, "Four.", 3),
        mail(5, ANN, "Five?", 4),
        mail(6, HOUSE, "Six.", 5),
    ]
    for seed in range(8):
        random.Random(seed).shuffle(mails)
        write(tmp_path, {"a.mbox": mbox(*mails)})
        found = gather(tmp_path, "a.mbox", out=f"{seed}.jsonl", house="acme.example")
        said = [text.removeprefix("Subject: Parcel\n\n") for _, text in found.chats[0]]
        assert said == ["One?", "Two.", "Three?", "Four.", "Five?", "Six."]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([ANN, BEN, HOUSE]),
            st.sampled_from(["Hi there?", "> quote", "Yes.", ""]),
            st.one_of(st.none(), st.integers(0, 12)),
            st.sampled_from([{}, {"Precedence": "bulk"}, {"Date": "nonsense"}, {"Message_ID": ""}]),
        ),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=50, deadline=None)
def test_every_mail_is_used_or_has_a_reason(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: list[tuple[str, str, int | None, dict[str, str]]],
) -> None:
    folder = tmp_path_factory.mktemp("mails")
    mails = [
        mail(n, who, text, answers, **more) for n, (who, text, answers, more) in enumerate(drawn)
    ]
    sure = [mail(100, ANN, "Sure?"), mail(101, HOUSE, "Sure.", 100)]
    write(folder, {"a.mbox": mbox(*mails, *sure)})
    found = gather(folder, "a.mbox", house="acme.example")
    [source] = found.result["sources"]
    assert source["used"] + source["skipped"] == len(mails) + 2
    for chat in found.chats:
        roles = [role for role, _ in chat]
        assert roles[0] == "user"
        assert roles[-1] == "assistant"
        assert all(one != other for one, other in itertools.pairwise(roles))
    assert [row["source"] for row in found.rows] == [
        row["source"] for row in gather(folder, "a.mbox", out="b.jsonl", house="acme.example").rows
    ]


def test_a_thread_without_end(tmp_path: Path) -> None:
    mails = [mail(n, (ANN, HOUSE)[n % 2], f"Message {n}", n - 1 if n else None) for n in range(300)]
    write(
        tmp_path, {"a.mbox": mbox(*mails, mail(400, ANN, "Sure?"), mail(401, HOUSE, "Sure.", 400))}
    )
    found = gather(tmp_path, "a.mbox", house="acme.example")
    assert len(found.rows) == 1
    assert found.codes == {"a.mbox:1": "too_long"}
    assert found.result["sources"][0]["skipped"] == 300
