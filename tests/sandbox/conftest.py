"""Fixtures of the sandbox's own tests, and ByteDance's signature check for everybody's."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.harness.sandboxes import Sandbox
from tests.sandbox.desk import Desk
from tests.sandbox.oracle import SignatureOracle
from tests.sandbox.visitor import Visitor


@pytest.fixture(scope="session")
def shop_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that these tests share and nobody changes."""
    shared = Sandbox("--orders", "260", log=tmp_path_factory.mktemp("shop-server") / "log")
    yield shared
    shared.stop()


@pytest.fixture(scope="session")
def seller(shop_server: Sandbox) -> Visitor:
    """The British seller, signed in to the shared sandbox."""
    return Visitor(shop_server).sign_in()


@pytest.fixture(scope="session")
def visitors(shop_server: Sandbox) -> dict[str, Visitor]:
    """Every seller, by key, signed in to the shared sandbox."""
    return {key: Visitor(shop_server).sign_in(key) for key in ("gb", "us", "xb", "id")}


@pytest.fixture(scope="session")
def desks(visitors: dict[str, Visitor]) -> list[Desk]:
    """Every shop of the shared sandbox, with its seller."""
    return [Desk(visitor, shop) for visitor in visitors.values() for shop in visitor.shops]


@pytest.fixture
def visit(start_sandbox: Callable[..., Sandbox]) -> Callable[..., Visitor]:
    """Starts a sandbox of the test's own and visits it: `visit("--rotate")`. Not signed in."""
    return lambda *options: Visitor(start_sandbox("--orders", "120", *options))


@pytest.fixture(scope="session")
def signature_oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignatureOracle]:
    """ByteDance's own check of a signature: `signature_oracle(method, path_with_query, body)`."""
    oracle = SignatureOracle(tmp_path_factory.mktemp("oracle"))
    yield oracle
    oracle.stop()
