"""Errors: what they say, what they carry, and that they survive another process."""

from __future__ import annotations

import copy
import inspect
import pickle
import re

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from tests.auth.tokens import SECRET, secrets_in
from tts_notebook import errors
from tts_notebook.errors import (
    APIError,
    AuthorizationDenied,
    AuthorizationError,
    ConfigError,
    FlowMisuse,
    InputError,
    LoginCancelled,
    LoginRequired,
    LoginTimedOut,
    PermissionMissing,
    PullStopped,
    RateLimited,
    SellerMismatch,
    StateMismatch,
    SyncError,
    TokenError,
    TokenRejected,
    TransportError,
    TTSError,
)

ONE_OF_EACH = [
    TTSError("What happened.", next_step="What to do."),
    ConfigError("No app_key is set."),
    InputError("There is no market 'eu'."),
    AuthorizationError("x"),
    AuthorizationDenied("x"),
    LoginTimedOut("x"),
    LoginCancelled("x"),
    LoginRequired("x", next_step="y"),
    StateMismatch("x", missing=True),
    SellerMismatch("x"),
    TokenError("x", code=36004005, request_id="R"),
    APIError("/p", 7, "x", "R", status=400, next_step="y"),
    PermissionMissing("/p", scope="seller.order.info", code=105005, request_id="R", status=401),
    PermissionMissing("/p", scope="", code=105005, request_id="R", status=401),
    TokenRejected("/p", 105002, "x", "R", status=401),
    RateLimited("/p", 36009002, "x", "R", retry_after=7.0),
    TransportError("x", unsent=True),
    SyncError("x"),
]


def fail(error: TTSError) -> None:
    raise error


@pytest.mark.parametrize("error", ONE_OF_EACH, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_an_error_survives_being_pickled_and_copied_with_all_that_it_carries(error, way):
    again = way(error)

    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


def test_every_error_of_the_tree_is_tried_here():
    classes = {each for _, each in inspect.getmembers(errors, inspect.isclass) if each.__module__ == errors.__name__}

    assert classes == {type(error) for error in ONE_OF_EACH} | {FlowMisuse, PullStopped}


def test_the_tree_in_the_docstring_is_the_tree():
    found = inspect.getmembers(errors, inspect.isclass)
    classes = {name for name, each in found if issubclass(each, BaseException)}

    assert set(re.findall(r"^[│├└─ ]*([A-Z]\w+)", errors.__doc__.partition("\n\n")[2], re.MULTILINE)) == classes


@pytest.mark.parametrize(
    ("kind", "parents"),
    [
        (InputError, (TTSError, ValueError)),
        (AuthorizationDenied, AuthorizationError),
        (LoginRequired, AuthorizationError),
        (StateMismatch, AuthorizationError),
        (PermissionMissing, APIError),
        (TokenRejected, APIError),
        (RateLimited, APIError),
        (FlowMisuse, RuntimeError),
    ],
)
def test_a_caller_who_catches_the_general_catches_the_special(kind, parents):
    assert all(issubclass(kind, parent) for parent in (parents if isinstance(parents, tuple) else (parents,)))
    assert issubclass(kind, TTSError) == (kind is not FlowMisuse)


def test_a_message_says_what_happened_and_then_what_to_do():
    assert str(ONE_OF_EACH[0]) == "What happened. What to do."
    assert str(AuthorizationDenied("The seller said no.")) == "The seller said no. Run %tiktok_auth login to try again."
    assert str(TTSError()) == ""


@pytest.mark.parametrize("message", ["Too long.", "Too long", "Too long... "])
def test_a_refusal_names_path_code_and_request_id_with_one_full_stop(message):
    assert str(APIError("/p", 7, message, "R")) == "/p was refused with code 7: Too long (request_id R)."
    assert str(APIError("/p", 7, message)) == "/p was refused with code 7: Too long."


def test_a_missing_scope_is_named_or_said_to_be_unknown():
    assert "needs the scope seller.order.info, which this login does not have. Enable it" in str(ONE_OF_EACH[12])
    assert "needs a scope that this login does not have (code 105005, request_id R)." in str(ONE_OF_EACH[13])


def test_a_limit_says_how_long_to_wait_if_that_is_known():
    assert RateLimited("/p", 1, "x", retry_after=90).next_step == "Run the cell again in 90 seconds."
    assert RateLimited("/p", 1, "x").next_step == "Wait a minute and run the cell again."


@pytest.fixture
def shell() -> InteractiveShell:
    return InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))


@pytest.mark.parametrize("mode", ["Plain", "Context", "Verbose", "Minimal"])
def test_a_notebook_shows_one_line_and_no_frame_in_every_traceback_mode(shell, mode):
    shell.run_line_magic("xmode", mode)
    shell.user_ns["fail"] = lambda app_secret: fail(ConfigError("No app_key is set.", next_step="Set it."))
    shell.user_ns["given"] = SECRET
    with capture_output() as shown:
        shell.run_cell("fail(given)")

    assert shown.stdout.strip() == "ConfigError: No app_key is set. Set it."
    assert secrets_in(shown.stdout + shown.stderr) == []


def test_who_presses_stop_reads_a_sentence_and_no_traceback():
    stopped = PullStopped("Stopped. Nothing is lost.")

    assert isinstance(stopped, KeyboardInterrupt)
    assert stopped._render_traceback_() == ["Stopped. Nothing is lost."]
