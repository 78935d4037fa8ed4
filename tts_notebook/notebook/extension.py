"""What %load_ext puts into a shell, and %unload_ext takes out again."""

from __future__ import annotations

from typing import Any

from tts_notebook.auth import settings
from tts_notebook.notebook import command_line, pull
from tts_notebook.notebook.magics import AuthMagics

AUTH, PULL = "tiktok_auth", "tiktok_pull"


def load(shell: Any) -> None:
    """Register the magics and their completion in a shell."""
    magics = AuthMagics(shell)

    def tiktok_auth(line: str) -> object:
        return magics(line)

    def tiktok_pull(line: str) -> object:
        return pull.pull(magics, line)

    tiktok_auth.__doc__ = command_line.help_text()
    tiktok_pull.__doc__ = pull.help_text()
    for magic, complete in ((tiktok_auth, _complete_auth), (tiktok_pull, _complete_pull)):
        shell.register_magic_function(magic, "line", magic.__name__)
        shell.set_hook("complete_command", complete, str_key=f"%{magic.__name__}")
    shell.tts_notebook_magics = magics


def unload(shell: Any) -> None:
    """Leave no magic, hook, thread, socket or name behind."""
    magics = shell.__dict__.pop("tts_notebook_magics", None)
    if magics is None:
        return
    magics.close()
    for name in (AUTH, PULL):
        shell.magics_manager.magics["line"].pop(name, None)
        shell.strdispatchers["complete_command"].strs.pop(f"%{name}", None)


def _complete_auth(shell: Any, event: Any) -> list[str]:
    del shell
    return command_line.complete(event.text_until_cursor, event.symbol, settings.list_profiles())


def _complete_pull(shell: Any, event: Any) -> list[str]:
    del shell
    return pull.complete(event.text_until_cursor, event.symbol)
