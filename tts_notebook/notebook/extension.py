"""What %load_ext puts into a shell, and %unload_ext takes out again."""

from __future__ import annotations

from typing import Any

from tts_notebook.auth import settings
from tts_notebook.notebook import command_line
from tts_notebook.notebook.magics import AuthMagics

MAGIC = "tiktok_auth"


def load(shell: Any) -> None:
    """Register the magic and its completion in a shell."""
    magics = AuthMagics(shell)

    def tiktok_auth(line: str) -> object:
        return magics(line)

    tiktok_auth.__doc__ = command_line.help_text()
    shell.register_magic_function(tiktok_auth, "line", MAGIC)
    shell.tts_notebook_magics = magics
    shell.set_hook("complete_command", _complete, str_key=f"%{MAGIC}")


def unload(shell: Any) -> None:
    """Leave no magic, hook, thread, socket or name behind."""
    magics = shell.__dict__.pop("tts_notebook_magics", None)
    if magics is None:
        return
    magics.close()
    shell.magics_manager.magics["line"].pop(MAGIC, None)
    shell.strdispatchers["complete_command"].strs.pop(f"%{MAGIC}", None)


def _complete(shell: Any, event: Any) -> list[str]:
    del shell
    return command_line.complete(event.text_until_cursor, event.symbol, settings.list_profiles())
