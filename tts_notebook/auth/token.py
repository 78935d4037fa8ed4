"""Token: what the token endpoint answers, and when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tts_notebook.app import NotPicklable as NotPicklable
from tts_notebook.errors import TokenError, TransportError

_SECRET_WORDS = ("token", "secret", "auth_code")
_LONGEST_MARGIN = timedelta(minutes=5)
_MARGIN_SHARE = 0.2  # of a token's life: a token of one minute is renewed twelve seconds before its end

_REFUSALS = {
    36004001: (
        "The refresh token has expired, so the seller's authorization has ended.",
        "Run %tiktok_auth login --force so that the seller can approve again.",
    ),
    36004004: (
        "TikTok Shop does not accept this authorization code: it was used already, or is older than 30 minutes.",
        "Run %tiktok_auth login --force for a new sign-in link.",
    ),
    36004005: (
        "TikTok Shop does not know this refresh token: it was used already, or the seller has revoked the app.",
        "Run %tiktok_auth login --force so that the seller can approve again.",
    ),
    105004: (
        "The seller's account cannot authorize this app yet: its onboarding is not finished, or its region "
        "is not allowed.",
        "Ask the shop's owner to look at the account's state in Seller Center.",
    ),
}


@dataclass(frozen=True, slots=True)
class Token(NotPicklable):
    """A seller's grant to the app, as the token endpoint gave it.

    Attributes:
        access_token: Sent with every call; seven days by default. Not in the repr.
        refresh_token: Spent once for the next pair. Not in the repr.
        access_expires_at: End of the access token, aware, UTC.
        refresh_expires_at: End of the seller's authorization, aware, UTC.
        obtained_at: When it was received, aware, UTC: with it the token's life is known.
        granted_scopes: What the seller approved, sorted.
        seller_name, seller_base_region, open_id: Who approved.
        user_type: 0 seller, 1 creator, 2 and 3 partner, 4 and 5 global-selling seller.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_expires_at: datetime
    obtained_at: datetime = field(compare=False)  # the same pair, read again from a file, is the same token
    granted_scopes: tuple[str, ...] = ()
    seller_name: str = ""
    seller_base_region: str = ""
    open_id: str = field(default="", repr=False)
    user_type: int = 0
    envelope: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_response(cls, envelope: object, *, obtained_at: datetime) -> Token:
        """Read a token response, TikTok Shop's envelope with `data`.

        Raises:
            TokenError: the envelope carries a code other than 0.
            TransportError: it is not a token response.
        """
        if not isinstance(envelope, Mapping):
            raise _unreadable("it is not a JSON object")
        code = envelope.get("code")
        if code != 0:
            raise _refusal(envelope)
        data = envelope.get("data")
        if not isinstance(data, Mapping):
            raise _unreadable("it says success but holds no data")
        scopes = data.get("granted_scopes")
        return cls(
            access_token=_text(data, "access_token"),
            refresh_token=_text(data, "refresh_token"),
            access_expires_at=_moment(data, "access_token_expire_in"),
            refresh_expires_at=_moment(data, "refresh_token_expire_in"),
            obtained_at=obtained_at,
            granted_scopes=tuple(sorted(str(s) for s in scopes)) if isinstance(scopes, list) else (),
            seller_name=str(data.get("seller_name") or ""),
            seller_base_region=str(data.get("seller_base_region") or ""),
            open_id=str(data.get("open_id") or ""),
            user_type=data["user_type"] if isinstance(data.get("user_type"), int) else 0,
            envelope=deepcopy(dict(envelope)),
        )

    def response(self, *, reveal: bool = False) -> dict[str, Any]:
        """Return TikTok Shop's own response, unknown fields included; tokens blanked unless asked."""
        shown: dict[str, Any] = deepcopy(dict(self.envelope)) if reveal else redacted(self.envelope)
        return shown

    @property
    def expires_in(self) -> int:
        """Seconds until the access token ends, by this machine's clock; 0 when it has ended."""
        # the contract has it as a property, so the clock is read here and nowhere else in this module
        return max(0, int((self.access_expires_at - datetime.now(UTC)).total_seconds()))

    def is_expired(self, now: datetime) -> bool:
        """Whether the access token has ended."""
        return now >= self.access_expires_at

    def is_dead(self, now: datetime) -> bool:
        """Whether the seller's authorization itself has ended."""
        return now >= self.refresh_expires_at

    @property
    def renew_at(self) -> datetime:
        """When a fresh token should be asked for: five minutes, or a fifth of its life, before the end."""
        life = max(self.access_expires_at - self.obtained_at, timedelta(0))
        return self.access_expires_at - min(_LONGEST_MARGIN, life * _MARGIN_SHARE)

    def needs_refresh(self, now: datetime) -> bool:
        """Whether the next call should renew the token first."""
        return now >= self.renew_at


def redacted(value: Any) -> Any:
    """A copy in which every secret text is replaced by three dots, at any depth."""
    if isinstance(value, Mapping):
        return {key: "…" if _is_secret(key, item) else redacted(item) for key, item in value.items()}
    return [redacted(item) for item in value] if isinstance(value, list) else value


def _is_secret(name: str, value: object) -> bool:
    if name.endswith("_expire_in") or isinstance(value, Mapping | list):
        return False
    return any(word in name.lower() for word in _SECRET_WORDS)


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise _unreadable(f"{name} is missing")
    if not (value.isascii() and value.isprintable()) or " " in value:
        # it becomes a header's value, and http.client quotes a header that it refuses
        raise _unreadable(f"{name} holds characters that no token has")
    return value


def _moment(data: Mapping[str, Any], name: str) -> datetime:
    value = data.get(name)
    try:
        # despite its name an absolute Unix time
        return datetime.fromtimestamp(int(str(value)), UTC)
    except (ValueError, OverflowError, OSError):
        raise _unreadable(f"{name} is not a time") from None


def _unreadable(reason: str) -> TransportError:
    return TransportError(f"The token response cannot be used: {reason}.")


def _refusal(envelope: Mapping[str, Any]) -> TokenError:
    code = envelope.get("code")
    if not isinstance(code, int) or isinstance(code, bool):
        raise _unreadable("it carries no code")
    message, request_id = (text if isinstance(text := envelope.get(n), str) else "" for n in ("message", "request_id"))
    sentence, next_step = _REFUSALS.get(
        code, (f"The token endpoint refused: {message[:300].rstrip('. ') or 'no reason given'}.", None)
    )
    if "IP allow list" in message:
        sentence = "The app accepts calls only from certain addresses, and this machine's is not one of them."
        next_step = "Add this machine's public address to the app's IP allow list in Partner Center."
    if code not in _REFUSALS and next_step is None:
        next_step = "Check app_key and app_secret with %tiktok_auth configure, then log in again."
    known = f"code {code}" + (f", request_id {request_id}" if request_id else "")
    return TokenError(f"{sentence[:-1]} ({known}).", code=code, request_id=request_id, next_step=next_step)
