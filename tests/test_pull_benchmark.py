"""The benchmark runs: what it prints is what was pulled."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks import pull
from tests.harness.places import REPOSITORY, clean_environment


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "benchmarks/pull.py", "--latency-ms", "0", "--rate-limit", "0", *options]
    return subprocess.run(
        command, cwd=REPOSITORY, env=clean_environment(), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.patient
def test_a_loop_and_ours_pull_the_same_orders_and_stand_in_one_table(tmp_path):
    figures = tmp_path / "figures.json"

    done = run("--orders", "300", "--only", "loop,ours to pandas", "--json", str(figures))

    assert done.returncode == 0, done.stderr
    lines = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    assert [cells[0] for cells in lines] == ["| peer", "| loop", "| ours to pandas"]
    assert {cells[lines[0].index("orders")] for cells in lines[1:]} == {"300"}
    (told,) = json.loads(figures.read_text())
    assert [(row["rows"], row["throttled"]) for row in told["rows"]] == [(300, 0)] * 2
    assert all(row["requests"] >= 3 and row["wall"] > 0 and row["peak_mb"] > 50 for row in told["rows"])


def run_of(**changes: object) -> dict[str, object]:
    return {"rows": 3, "distinct": 3, "ids": "abc", "items": 5} | changes


@pytest.mark.parametrize("wrong", [{"rows": 2}, {"rows": 4, "distinct": 3}, {"ids": "abd"}, {"items": 4}])
def test_a_peer_that_pulled_something_else_ends_the_run(wrong):
    case, seen = pull.Case(3), {}
    pull.check("loop", run_of(items=None), case, seen)
    pull.check("loop typed", run_of(), case, seen)

    with pytest.raises(SystemExit, match="dlt pulled"):
        pull.check("dlt", run_of(**wrong), case, seen)


def test_an_unknown_peer_is_named_with_those_there_are():
    done = run("--only", "spark")

    assert done.returncode == 2
    assert "spark: there are loop, loop typed, dlt" in done.stderr
