"""Log a notebook in to TikTok Shop and pull typed tables from it.

%load_ext tts_notebook
%tiktok_auth login --sandbox
orders = tts.orders(since="30d")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tts_notebook._version import __version__

if TYPE_CHECKING:
    from tts_notebook.auth.endpoint import exchange_code as exchange_code
    from tts_notebook.auth.endpoint import refresh_token as refresh_token
    from tts_notebook.auth.flow import Stage as Stage
    from tts_notebook.auth.token import Token as Token
    from tts_notebook.data.dataset import open_dataset as open_dataset
    from tts_notebook.data.shop import ShopSession as ShopSession
    from tts_notebook.errors import APIError as APIError
    from tts_notebook.errors import AuthorizationDenied as AuthorizationDenied
    from tts_notebook.errors import AuthorizationError as AuthorizationError
    from tts_notebook.errors import ConfigError as ConfigError
    from tts_notebook.errors import FlowMisuse as FlowMisuse
    from tts_notebook.errors import InputError as InputError
    from tts_notebook.errors import LoginCancelled as LoginCancelled
    from tts_notebook.errors import LoginRequired as LoginRequired
    from tts_notebook.errors import LoginTimedOut as LoginTimedOut
    from tts_notebook.errors import PermissionMissing as PermissionMissing
    from tts_notebook.errors import RateLimited as RateLimited
    from tts_notebook.errors import SellerMismatch as SellerMismatch
    from tts_notebook.errors import StateMismatch as StateMismatch
    from tts_notebook.errors import SyncError as SyncError
    from tts_notebook.errors import TokenError as TokenError
    from tts_notebook.errors import TokenRejected as TokenRejected
    from tts_notebook.errors import TransportError as TransportError
    from tts_notebook.errors import TTSError as TTSError
    from tts_notebook.notebook.connections import login as login
    from tts_notebook.notebook.login import Login as Login

# imported on first use: %load_ext is not the time to wait for pandas and widgets
_HOMES = {
    "login": "notebook.connections",
    "Login": "notebook.login",
    "exchange_code": "auth.endpoint",
    "refresh_token": "auth.endpoint",
    "Token": "auth.token",
    "Stage": "auth.flow",
    "ShopSession": "data.shop",
    "open_dataset": "data.dataset",
    **dict.fromkeys(
        (
            "TTSError",
            "ConfigError",
            "InputError",
            "AuthorizationError",
            "AuthorizationDenied",
            "LoginTimedOut",
            "LoginCancelled",
            "LoginRequired",
            "StateMismatch",
            "SellerMismatch",
            "TokenError",
            "APIError",
            "PermissionMissing",
            "TokenRejected",
            "RateLimited",
            "TransportError",
            "SyncError",
            "FlowMisuse",
        ),
        "errors",
    ),
}

__all__ = ["__version__", *_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(shell: Any) -> None:
    """%load_ext tts_notebook: register the magic."""
    from tts_notebook.notebook import extension

    extension.load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """%unload_ext tts_notebook: leave no thread, socket, hook, magic or name behind."""
    from tts_notebook.notebook import extension

    extension.unload(shell)
