"""Render: a chat as the tokens that the model sees, and which of them are taught.

The tokens are those of inference: each assistant turn follows exactly the prompt that the model
would be given, so a chat becomes as few sequences as its template allows (one, when showing the
next turn does not change what came before). Taught are the assistant's words and the stop token,
nothing else. Text that looks like a special token is only text when a person wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Sequence as Rows
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from postgrad.core.records import Chat, Message
from postgrad.errors import ModelError, RowError

# Unicode's noncharacters never occur in text that is meant to be exchanged (Unicode 15, 23.7).
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_GUARDED = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_PROBE = "postgradprobe"


class Tokenizer(Protocol):
    """The part of a Hugging Face tokenizer that rendering needs."""

    added_tokens_decoder: dict[int, Any]

    def apply_chat_template(self, conversation: Any, **kwargs: Any) -> Any: ...

    def __call__(self, text: str, **kwargs: Any) -> Any: ...

    def decode(self, token_ids: Any, **kwargs: Any) -> str: ...


@dataclass(frozen=True, slots=True)
class Sequence:
    """Tokens as the model sees them.

    `taught` are the indices of the tokens that the loss is taken on, in rising order, never 0
    (nothing comes before it to predict it from).
    """

    tokens: tuple[int, ...]
    taught: tuple[int, ...]

    def cut(self, limit: int) -> Sequence:
        """At most `limit` tokens. The stop token is cut off with the rest, never moved up: a
        row that was cut does not teach to stop there."""
        if len(self.tokens) <= limit:
            return self
        return Sequence(self.tokens[:limit], tuple(i for i in self.taught if i < limit))


@dataclass(frozen=True)
class Template:
    """A tokenizer with a chat template."""

    tokenizer: Tokenizer

    def prompt_tokens(
        self, messages: Rows[Message], tools: Rows[Mapping[str, Any]] = ()
    ) -> list[int]:
        """The tokens that the model is given before it answers."""
        return self._encode(*self._text(messages, tools, prompt=True))

    def sequences(self, chat: Chat) -> list[Sequence]:
        """The chat as sequences; each turn of the assistant with weight 1 is taught once.

        Raises:
            RowError: nothing is taught, or the template can't express a turn.
        """
        found: list[Sequence] = []
        for index, message in enumerate(chat.messages):
            if message.role != "assistant" or message.weight == 0:
                continue
            turn = self._turn(chat, index)
            if found and turn.tokens[: len(found[-1].tokens)] == found[-1].tokens:
                previous = found.pop()
                turn = replace(turn, taught=previous.taught + turn.taught)
            found.append(turn)
        if not found:
            raise RowError(
                "No assistant turn is taught.",
                path="messages",
                why="Every assistant turn has weight 0.",
                fix="Give at least one assistant turn the weight 1, or remove the row.",
                code="nothing_taught",
            )
        return found

    def reference(self, chat: Chat) -> str:
        """The last assistant turn as the model would write it, without the stop token."""
        index = len(chat.prompt)
        answer, guards = self._answer_text(chat, index)
        words = answer.removesuffix(self.stop)
        return _GUARDED.sub(lambda found: guards[int(found[1])], words)

    def last_turn(self, chat: Chat) -> Sequence:
        """The chat with only the last assistant turn taught: what a test item is scored on."""
        return self._turn(chat, len(chat.prompt))

    def text_sequence(self, text: str) -> Sequence:
        """Plain text with the stop token at its end; every token but the first is taught."""
        tokens = self._encode(*_guard(text, [], self._special)) + self._ids(self.stop)
        return Sequence(tuple(tokens), tuple(range(1, len(tokens))))

    @cached_property
    def stop(self) -> str:
        """The token that ends an assistant turn, read off the template itself.

        Raises:
            ModelError: the template puts no special token behind an assistant turn.
        """
        probe = [Message("user", "a"), Message("assistant", _PROBE)]
        text, _ = self._text(probe, (), prompt=False)
        after = text[text.rindex(_PROBE) + len(_PROBE) :]
        token = self._first_special(after)
        if token is None:
            raise ModelError(
                "The chat template puts no special token behind an assistant turn.",
                why="The model could not learn where to stop.",
                fix="Name another template: --set base.chat_template=chatml",
                code="no_stop_token",
            )
        return token

    @cached_property
    def stop_ids(self) -> frozenset[int]:
        """Tokens that end an answer: the template's own, and the tokenizer's end of text."""
        end = getattr(self.tokenizer, "eos_token", None)
        return frozenset(self._ids(self.stop) + (self._ids(end) if end else []))

    def _turn(self, chat: Chat, index: int) -> Sequence:
        prompt, guards = self._text(chat.messages[:index], chat.tools, prompt=True)
        before = self._encode(prompt, guards)
        words = self._encode(*self._answer_text(chat, index))
        start = len(before)
        return Sequence((*before, *words), tuple(range(max(1, start), start + len(words))))

    def _answer_text(self, chat: Chat, index: int) -> tuple[str, list[str]]:
        """The assistant's turn and its stop token, as the template writes them, with guards."""
        prompt, guards = self._text(chat.messages[:index], chat.tools, prompt=True)
        whole, all_guards = self._text(chat.messages[: index + 1], chat.tools, prompt=False)
        path = f"messages[{index}]"
        if not whole.startswith(prompt) or all_guards[: len(guards)] != guards:
            raise RowError(
                "The chat template shows this turn differently from how it asks for it.",
                path=path,
                why="What is taught must begin with exactly the prompt of inference.",
                fix="Name another template: --set base.chat_template=chatml",
                code="template_not_prefix",
            )
        rest = whole[len(prompt) :]
        end = rest.find(self.stop)
        answer = rest[: end + len(self.stop)] if end >= 0 else rest
        self._require_expressed(chat.messages[index], answer, path)
        return answer, all_guards

    def _require_expressed(self, message: Message, answer: str, path: str) -> None:
        for call in message.tool_calls:
            if call.name not in answer:
                raise RowError(
                    f"The chat template does not show the call of {call.name!r}.",
                    path=f"{path}.tool_calls",
                    why="A turn that the template leaves out can't be taught.",
                    fix="Name a template with tools: --set base.chat_template=chatml",
                    code="template_without_tools",
                )

    def _text(
        self, messages: Rows[Message], tools: Rows[Mapping[str, Any]], *, prompt: bool
    ) -> tuple[str, list[str]]:
        """The rendered text, in which look-alikes of special tokens are numbered guards."""
        guards: list[str] = []
        guarded = [_guard_message(message, guards, self._special) for message in messages]
        options: dict[str, Any] = {"tools": [dict(tool) for tool in tools]} if tools else {}
        try:
            text = self.tokenizer.apply_chat_template(
                guarded,
                tokenize=False,
                add_generation_prompt=prompt,
                enable_thinking=False,  # Qwen3's switch; other templates ignore it
                **options,
            )
        except Exception as error:  # Jinja's errors, and whatever a template raises itself
            raise RowError(
                f"The chat template refuses the conversation: {error}",
                path="messages",
                why="Each model family allows certain roles in a certain order.",
                fix="Change the row's roles, or name another template in base.chat_template.",
                code="template_refuses",
            ) from error
        return text, guards

    def _encode(self, text: str, guards: list[str]) -> list[int]:
        if _OPEN not in text:
            return self._ids(text)
        return self._encode_guarded(text, guards)

    def _encode_guarded(self, text: str, guards: list[str]) -> list[int]:
        """Special tokens of the template stay special; guarded look-alikes become plain text.

        A tokenizer cuts its input at special tokens first and works on the pieces by themselves,
        so encoding the pieces by themselves is the same.
        """
        tokens: list[int] = []
        for piece in self._special_pattern.split(text):
            restored = _GUARDED.sub(lambda found: guards[int(found[1])], piece)
            if restored == piece:
                tokens += self._ids(piece)
            else:
                plain = self.tokenizer(
                    restored, add_special_tokens=False, split_special_tokens=True
                )
                tokens += list(plain["input_ids"])
        return tokens

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []

    @cached_property
    def _special(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self._specials)) or r"(?!)")

    @cached_property
    def _special_pattern(self) -> re.Pattern[str]:
        return re.compile(f"({self._special.pattern})")

    @cached_property
    def _specials(self) -> list[str]:
        """Special tokens, longest first, so that none hides behind its own beginning."""
        added = self.tokenizer.added_tokens_decoder.values()
        return sorted((str(token) for token in added if token.special), key=len, reverse=True)

    def _first_special(self, text: str) -> str | None:
        found = self._special.search(text)
        return found[0] if found else None


def _guard(text: str, guards: list[str], special: re.Pattern[str]) -> tuple[str, list[str]]:
    """Replace look-alikes of special tokens by guards; the replaced texts are appended."""

    def replace_one(found: re.Match[str]) -> str:
        guards.append(found[0])
        return f"{_OPEN}{len(guards) - 1}{_CLOSE}"

    return special.sub(replace_one, text), guards


def _guard_message(message: Message, guards: list[str], special: re.Pattern[str]) -> dict[str, Any]:
    def guard(value: Any) -> Any:
        if isinstance(value, str):
            return _guard(value, guards, special)[0]
        if isinstance(value, dict):
            return {key: guard(item) for key, item in value.items()}  # type: ignore[misc]
        if isinstance(value, list):
            return [guard(item) for item in value]  # type: ignore[misc]
        return value

    if _OPEN in message.content or _CLOSE in message.content:
        raise RowError(
            "The text holds U+FDD0 or U+FDD1.",
            path="content",
            why="Unicode reserves these code points; they are no characters.",
            fix="Remove them.",
            code="noncharacter",
        )
    values = message.as_dict()
    return {key: item if key == "role" else guard(item) for key, item in values.items()}
