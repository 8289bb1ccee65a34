"""postgrad doctor"""

from __future__ import annotations

import os

import click

from postgrad.advice.machine import examine
from postgrad.cli.options import json_option, print_json
from postgrad.models import catalog
from postgrad.models.cache import Cache, default_cache_root


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Look at this machine: each line is ok, or says what to do."""
    cache = Cache(default_cache_root(os.environ))
    findings = examine(cache.root, cache.converted(catalog.names()[0]))
    if as_json:
        rows = [
            {"name": item.name, "value": item.value, "ok": item.ok, "fix": item.fix}
            for item in findings
        ]
        print_json({"ok": all(item.ok for item in findings if item.needed), "findings": rows})
    else:
        for item in findings:
            mark = click.style("ok ", "green") if item.ok else click.style("-> ", "yellow")
            click.echo(f"{mark} {item.name}: {item.value}")
            if item.fix:
                click.echo(f"    {item.fix}")
    if not all(item.ok for item in findings if item.needed):
        raise click.exceptions.Exit(1)
