"""The dlt user: rest_api into Parquet files, one cursor, or hand-made daily windows side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow.dataset as files

from benchmarks.peers.shop import SEARCH, Job, LeftOut, Outcome, Signed

try:
    import dlt
    from dlt.common.configuration import configspec
    from dlt.common.runtime import anon_tracker
    from dlt.common.typing import TSecretStrValue
    from dlt.sources.helpers.rest_client.auth import AuthConfigBase
    from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator
    from dlt.sources.rest_api import rest_api_resources
except ImportError:
    dlt = None

AT_ONCE = 16
DAY = 86_400


def sequential(job: Job) -> Callable[[], Outcome]:
    return prepared(job, [(job.since, job.until)])


def parallel(job: Job) -> Callable[[], Outcome]:
    """A window for each day, sixteen at a time."""
    os.environ["EXTRACT__WORKERS"] = str(AT_ONCE)
    os.environ["EXTRACT__MAX_PARALLEL_ITEMS"] = str(2 * AT_ONCE)
    starts = range(job.since, job.until, DAY)
    return prepared(job, [(start, min(start + DAY, job.until)) for start in starts])


def prepared(job: Job, windows: list[tuple[int, int]]) -> Callable[[], Outcome]:
    if dlt is None:
        raise LeftOut("dlt is not installed: pip install -e '.[bench]'")
    # telemetry is off, and yet it would leave an id on this machine, outside of every folder it is given
    anon_tracker.get_anonymous_id = lambda: ""
    folder = Path(job.folder)
    pipeline = dlt.pipeline(
        "orders",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.filesystem(bucket_url=(folder / "lake").as_uri()),
        dataset_name="shop",
    )

    def run() -> Outcome:
        pipeline.run(source(job, windows)(), loader_file_format="parquet")
        tables = folder / "lake" / "shop"
        items = files.dataset(tables / "orders__line_items", format="parquet")
        return Outcome(lambda: ids(tables / "orders"), items.count_rows())

    return run


def shop_auth(job: Job) -> Any:
    """Return what rest_api takes: its own kind of configuration around the same signature."""

    @configspec
    class ShopAuth(AuthConfigBase):
        app_key: str = None
        app_secret: TSecretStrValue = None
        access_token: TSecretStrValue = None

        def __call__(self, request: Any) -> Any:
            return Signed(self.app_key, self.app_secret, self.access_token)(request)

    return ShopAuth(app_key=job.app_key, app_secret=job.app_secret, access_token=job.access_token)


def source(job: Job, windows: list[tuple[int, int]]) -> Callable[[], Any]:
    config: Any = {
        "client": {
            "base_url": job.base_url,
            "auth": shop_auth(job),
            "paginator": JSONResponseCursorPaginator(cursor_path="data.next_page_token", cursor_param="page_token"),
        },
        "resources": [resource(job, window) for window in windows],
    }

    @dlt.source(name="shop")
    def shop() -> Any:
        resources = rest_api_resources(config)
        # what `"parallelized": True` in the configuration says has no effect here (dlt 1.31): all in one thread
        return [resource.parallelize() for resource in resources] if len(windows) > 1 else resources

    return shop


def resource(job: Job, window: tuple[int, int]) -> dict[str, Any]:
    since, until = window
    return {
        "name": f"orders_{since}",
        "table_name": "orders",
        "write_disposition": "append",
        "endpoint": {
            "path": SEARCH,
            "method": "POST",
            "params": job.query,
            "json": {"create_time_ge": since, "create_time_lt": until},
            "data_selector": "data.orders",
        },
    }


def ids(folder: Path) -> Iterable[str]:
    return files.dataset(folder, format="parquet").to_table(columns=["id"])["id"].to_pylist()
