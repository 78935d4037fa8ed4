"""How many pages of 100 orders a second the sandbox serves, on this machine over loopback.

    python benchmarks/sandbox_throughput.py [--pages 1500] [--connections 4] [--orders 20000]

The sandbox runs in a process of its own; the clients are threads of this one, each with one
kept connection, and sign every request. The first walk over the shop meets orders that have
never been written; the second finds them encoded already.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from urllib.parse import parse_qs, urlencode, urlsplit

SEARCH = "/order/202309/orders/search"


class Client:
    """One kept connection that asks for pages as a signed-in seller."""

    def __init__(self, app: dict[str, str], token: str = "", cipher: str = "") -> None:
        self.app, self.token, self.cipher = app, token, cipher
        self.refresh_token = ""
        self.connection = HTTPConnection(urlsplit(app["api_base_url"]).netloc, timeout=60)

    def get(self, path: str, query: dict[str, str]) -> tuple[dict[str, str], bytes]:
        self.connection.request("GET", f"{path}?{urlencode(query)}")
        response = self.connection.getresponse()
        return {name.lower(): value for name, value in response.getheaders()}, response.read()

    def call(self, method: str, path: str, query: dict[str, str], body: bytes = b"") -> bytes:
        query = {**query, "app_key": self.app["app_key"], "timestamp": str(int(time.time()))}
        secret = self.app["app_secret"].encode()
        pairs = "".join(key + query[key] for key in sorted(query))
        text = secret + path.encode() + pairs.encode() + body + secret
        query["sign"] = hmac.new(secret, text, hashlib.sha256).hexdigest()
        headers = {"x-tts-access-token": self.token, "content-type": "application/json"}
        self.connection.request(method, f"{path}?{urlencode(query)}", body, headers)
        response = self.connection.getresponse()
        answer = response.read()
        assert response.status == 200, answer
        return answer

    def page(self, since: int, until: int) -> int:
        body = b'{"create_time_ge":%d,"create_time_lt":%d}' % (since, until)
        query = {"page_size": "100", "shop_cipher": self.cipher, "sort_order": "ASC"}
        return len(self.call("POST", SEARCH, query, body))


def sign_in(app: dict[str, str]) -> Client:
    client = Client(app)
    headers, _ = client.get("/open/authorize", {"service_id": app["service_id"]})
    code = parse_qs(urlsplit(headers["location"]).query)["code"][0]
    keys = {"app_key": app["app_key"], "app_secret": app["app_secret"]}
    query = {**keys, "auth_code": code, "grant_type": "authorized_code"}
    granted = json.loads(client.get("/api/v2/token/get", query)[1])["data"]
    client.token, client.refresh_token = granted["access_token"], granted["refresh_token"]
    shops = json.loads(client.call("GET", "/authorization/202309/shops", {}))["data"]["shops"]
    client.cipher = shops[0]["cipher"]
    return client


def measure(clients: list[Client], pages: int) -> str:
    now = int(time.time())
    received = [0] * len(clients)

    def work(which: int) -> None:
        for page in range(which, pages, len(clients)):
            since = now - 90 * 86_400 + page * 80 * 86_400 // pages
            received[which] += clients[which].page(since, now)

    threads = [threading.Thread(target=work, args=(which,)) for which in range(len(clients))]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    return f"{pages / seconds:6.0f} requests/s, {sum(received) / seconds / 1e6:5.0f} MB/s ({pages} in {seconds:.2f} s)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1500)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--orders", type=int, default=20_000)
    options = parser.parse_args()
    command = [sys.executable, "-m", "tts_notebook.sandbox", "--auto-approve", "--orders", str(options.orders)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as sandbox:
        app = json.loads(sandbox.stdout.readline())
        client = sign_in(app)
        started = time.perf_counter()
        client.page(0, int(time.time()))
        print(f"first page of {options.orders} orders: {time.perf_counter() - started:.2f} s")
        clients = [Client(app, client.token, client.cipher) for _ in range(options.connections)]
        print("new orders:    ", measure(clients, options.pages))
        print("encoded orders:", measure(clients, options.pages))
        for each in (client, *clients):
            each.connection.close()
        sandbox.stdin.close()


if __name__ == "__main__":
    main()
