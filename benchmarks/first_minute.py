"""How long the first minute takes: %load_ext in a warm kernel, and callback to connected.

    python benchmarks/first_minute.py [--rounds 20]

The peer of %load_ext is `import pandas` in the same kind of fresh process; the peer of the log-in is
what any tool has to do after the redirect: the bare token request, on the same sandbox in the same run.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

import requests

WARM = "import time, IPython, ipykernel.ipkernel; from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance(); t = time.perf_counter(); "  # noqa: E501
LOAD = WARM + "s.run_line_magic('load_ext', 'tts_notebook'); print(time.perf_counter() - t)"
PANDAS = WARM + "import pandas; print(time.perf_counter() - t)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = max(3, min(parser.parse_args().rounds, 200))
    ours, peer = ([in_a_fresh_process(code) for _ in range(min(rounds, 10))] for code in (LOAD, PANDAS))
    print(row("%load_ext tts_notebook", ours))
    print(row("import pandas", peer), f"· ratio {statistics.median(peer) / statistics.median(ours):.1f} x ours")
    connected, exchange = log_in(rounds)
    print(row("callback to connected", connected))
    print(row("bare token request", exchange), f"· ours adds {extra(connected, exchange):.1f} ms")


def in_a_fresh_process(code: str) -> float:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return float(done.stdout.split()[-1])


def log_in(rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from the browser's request to our callback until `wait()` returns, and of a bare exchange."""
    from tts_notebook.notebook.connections import connections, login

    connected, exchange = [], []
    try:
        for _ in range(rounds):
            redirect, _app = consent(login(sandbox=True, force=True, port=free_port_once()))
            begin = time.perf_counter()
            requests.get(redirect, timeout=10)
            connections.of_profile("sandbox").login.wait(10)
            connected.append(time.perf_counter() - begin)
            exchange.append(bare_exchange(login(sandbox=True, force=True, port=free_port_once())))
    finally:
        connections.close()
    return connected, exchange


_PORT: list[int] = []


def free_port_once() -> int:
    """One port for the whole run: another one would start another sandbox."""
    import socket

    if not _PORT:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            _PORT.append(probe.getsockname()[1])
    return _PORT[0]


def consent(started):
    from tts_notebook.notebook.connections import connections

    answer = requests.post(started.url, data={"decision": "authorize"}, timeout=10, allow_redirects=False)
    return answer.headers["Location"], connections.of_profile("sandbox").app


def bare_exchange(started) -> float:
    redirect, app = consent(started)
    code = requests.compat.urlparse(redirect).query.split("code=")[1].split("&")[0]
    query = {"app_key": app.app_key, "app_secret": app.app_secret, "auth_code": code, "grant_type": "authorized_code"}
    begin = time.perf_counter()
    requests.get(f"{app.auth_base_url}/api/v2/token/get", params=query, timeout=10).raise_for_status()
    taken = time.perf_counter() - begin
    started.cancel()
    return taken


def row(what: str, seconds: list[float]) -> str:
    median, worst = statistics.median(seconds) * 1000, max(seconds) * 1000
    return f"{what:26} median {median:7.1f} ms · worst {worst:7.1f} ms · {len(seconds)} runs"


def extra(ours: list[float], peer: list[float]) -> float:
    return (statistics.median(ours) - statistics.median(peer)) * 1000


if __name__ == "__main__":
    main()
