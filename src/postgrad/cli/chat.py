"""postgrad chat"""

from __future__ import annotations

from pathlib import Path

import click

from postgrad import verbs


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--system", help="A system message; default: the one of the run's data, if any.")
@click.option("--base-only", is_flag=True, help="Talk to the base model instead.")
def chat(run: Path, system: str | None, base_only: bool) -> None:
    """Talk to the model of a run. An empty line ends it."""
    if system is None:
        system = verbs.system_message(run)
    click.echo("Loading the model ... (an empty line ends the chat)", err=True)
    with verbs.chat(run, base_only=base_only) as conversation:
        history = [{"role": "system", "content": system}] if system else []
        while True:
            try:
                asked = click.prompt("you", prompt_suffix="> ", default="", show_default=False)
            except click.Abort:
                return
            if not asked.strip():
                return
            history.append({"role": "user", "content": asked})
            answer = ""
            for piece in conversation.ask(history):
                click.echo(piece, nl=False)
                answer += piece
            click.echo()
            history.append({"role": "assistant", "content": answer})
