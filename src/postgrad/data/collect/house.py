"""Who of those who write is the house, and how a thread of messages becomes a chat.

The house's messages are what is learned, everybody else's are what it answers to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from postgrad.core.records import Chat, Message
from postgrad.data.collect.texts import sound
from postgrad.errors import RowError

MOST_MESSAGES = 200
"""Of one thread; longer ones are machines talking, and no context holds them. Bounds the memory."""

MOST_CHARACTERS = 100_000
"""Of one message; longer ones are logs and lists that somebody pasted."""


class House:
    """The addresses, domains and names of one's own side."""

    def __init__(self, names: Iterable[str]) -> None:
        given = {name.strip().casefold().removeprefix("@") for name in names}
        self._names = frozenset(given - {""})

    def __bool__(self) -> bool:
        return bool(self._names)

    def has(self, who: str) -> bool:
        """Whether a name or an address belongs to the house: itself, its domain, or one above."""
        plain = who.strip().casefold()
        if plain in self._names:
            return True
        _, at, domain = plain.rpartition("@")
        labels = domain.split(".") if at else []
        return any(".".join(labels[start:]) in self._names for start in range(len(labels)))


def chat_of(turns: Sequence[tuple[bool, str]]) -> tuple[Chat, int]:
    """A chat out of messages in their order: (whether the house wrote it, text).

    Neighbouring messages of one side become one turn.

    Returns:
        The chat, which ends with the house, and how many of the messages are in it: what comes
        after the house's last word is left out.

    Raises:
        RowError: there is no answer of the house, or it spoke first, or there is too much.
    """
    if len(turns) > MOST_MESSAGES:
        raise RowError(
            f"It has more than {MOST_MESSAGES} messages.",
            why="No context holds so much.",
            code="too_long",
        )
    if not any(is_house for is_house, _ in turns):
        raise RowError("The house did not answer.", code="no_answer")
    if turns[0][0]:
        raise RowError(
            "The house wrote first.",
            why="There is no question that it answers.",
            code="begun_by_house",
        )
    last = max(index for index, (is_house, _) in enumerate(turns) if is_house)
    messages: list[Message] = []
    for is_house, text in turns[: last + 1]:
        role = "assistant" if is_house else "user"
        if messages and messages[-1].role == role:
            messages[-1] = Message(role, f"{messages[-1].content}\n\n{sound(text).strip()}")
        else:
            messages.append(Message(role, sound(text).strip()))
    return Chat(tuple(messages)), last + 1
