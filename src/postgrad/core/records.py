"""Records: one training example, in exactly three shapes.

A data format turns a row of a file into one of these; everything after it knows only these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function call made by the assistant; `arguments` is the parsed JSON object."""

    name: str
    arguments: Mapping[str, Any]
    id: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The call in the form that chat templates read (arguments as an object)."""
        function = {"name": self.name, "arguments": dict(self.arguments)}
        return {"id": self.id, "type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat. `weight` 0 means: shown to the model, but not taught."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""
    weight: int = 1

    def __reduce__(self) -> tuple[type[Message], tuple[Any, ...]]:
        # every turn goes to another process: a quarter of the time that fields take one by one
        rest = (self.tool_calls, self.tool_call_id, self.name, self.weight)
        return Message, (self.role, self.content, *(rest if rest != _PLAIN_REST else ()))

    def as_dict(self) -> dict[str, Any]:
        """The message in the form that chat templates read; empty optional keys are left out."""
        message: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.tool_calls:
            message["tool_calls"] = [call.as_dict() for call in self.tool_calls]
        if self.tool_call_id:
            message["tool_call_id"] = self.tool_call_id
        if self.name:
            message["name"] = self.name
        return message


_PLAIN_REST = ((), "", "", 1)


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation. Its assistant turns are what is taught."""

    messages: tuple[Message, ...]
    tools: tuple[Mapping[str, Any], ...] = field(default=())

    def __reduce__(self) -> tuple[type[Chat], tuple[Any, ...]]:
        return Chat, (self.messages, self.tools)

    @property
    def prompt(self) -> tuple[Message, ...]:
        """The messages before the last assistant turn: what a held-out question shows."""
        return self.messages[: self._last_assistant()]

    @property
    def answer(self) -> Message:
        """The last assistant turn: the reference of a held-out question."""
        return self.messages[self._last_assistant()]

    def _last_assistant(self) -> int:
        return max(i for i, message in enumerate(self.messages) if message.role == "assistant")


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text for continued pre-training; every token is taught."""

    text: str


@dataclass(frozen=True, slots=True)
class Preference:
    """A prompt with a preferred and a rejected answer."""

    prompt: tuple[Message, ...]
    chosen: Message
    rejected: Message
    tools: tuple[Mapping[str, Any], ...] = field(default=())


Record = Chat | Text | Preference
