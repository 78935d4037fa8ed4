"""docs/security.md promises nothing that no test shows."""

from __future__ import annotations

import re

from tests.harness.places import REPOSITORY

PAGE = (REPOSITORY / "docs" / "security.md").read_text()


def test_every_test_that_the_page_names_exists():
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    existing = {
        name
        for path in (REPOSITORY / "tests").rglob("test_*.py")
        for name in re.findall(r"^\s*(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
    }

    assert len(named) > 20
    assert named - existing == set()


def test_every_threat_names_a_test_and_the_page_is_short():
    threats = PAGE.partition("## ")[2].partition("## What is not stopped")[0].split("\n## ")

    assert all("`test_" in threat for threat in threats)
    assert len(PAGE.splitlines()) <= 120
