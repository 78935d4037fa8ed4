"""The parts of a running sandbox, put together from its settings."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass

from .catalogue import Agency
from .clock import Clock
from .faults import FaultPlan
from .limits import RateLimiter
from .oauth import Authorizations
from .order_json import Style
from .rhythm import Rhythm
from .settings import RegisteredApp, Settings, registered_app
from .stats import Stats
from .world import World


@dataclass(slots=True)
class Parts:
    """Each part owns its state; nothing else may change it."""

    settings: Settings
    app: RegisteredApp
    clock: Clock
    world: World
    authorizations: Authorizations
    limiter: RateLimiter
    faults: FaultPlan
    stats: Stats
    rng: random.Random

    def apply_style(self) -> None:
        """Write amounts and times as the behaviour now says."""
        behaviour = self.settings.behaviour
        self.world.use_style(
            Style(padded_money=behaviour.money == "padded", zero_times=behaviour.absent_times == "zero")
        )


def assemble(settings: Settings) -> Parts:
    """Build the parts. The world's moment is `settings.now`, or the clock's when that is 0."""
    clock = Clock(settings)
    started = int(clock.now())
    parts = Parts(
        settings=settings,
        app=registered_app(settings.seed),
        clock=clock,
        world=_world(settings, started),
        authorizations=Authorizations(settings, _mint),
        limiter=RateLimiter(settings),
        faults=FaultPlan(settings.faults),
        stats=Stats(),
        rng=random.Random(),
    )
    parts.world.discrepancies = settings.discrepancies
    parts.apply_style()
    if settings.warm:
        parts.world.warm(parts.world.seller(settings.seller) or parts.world.sellers[0])
    return parts


def _world(settings: Settings, started: int) -> World:
    return World(
        settings.seed,
        settings.orders,
        settings.now or started,
        started=started,
        unsold=settings.products,
        rhythm=Rhythm(settings.rhythm, settings.days),
        agency=Agency(settings.shops, settings.shop_sizes) if settings.shops else None,
    )


def _mint(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(48)
