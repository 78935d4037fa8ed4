"""A synced directory: each row once, whatever happens in between, and for every reader."""

from __future__ import annotations

import errno
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.things import COLUMNS, DAY, EVENTS, JANUARY, LISTING, PLACES, SHOP, THINGS, rows
from tests.harness.examples import some
from tests.harness.places import REPOSITORY
from tts_notebook import FlowMisuse, InputError, SyncError, open_dataset
from tts_notebook.data import merge
from tts_notebook.data.catalogue import TABLES
from tts_notebook.data.disk import Disk
from tts_notebook.data.frames import schema
from tts_notebook.data.manifest import contents_of
from tts_notebook.data.store import Store
from tts_notebook.data.tables import Column, Table
from tts_notebook.data.versions import record_columns


def synced(store: Store, *tables: pa.Table, kind: str = "changes", since: int | None = None, until: int = JANUARY):
    """One run from its beginning to its end."""
    store.begin(SHOP, since=since, until=until, kind=kind)
    for table in tables:
        store.stage(SHOP, table, [])
    store.stage(SHOP, store.schema.empty_table(), [(since, until)])
    store.commit(SHOP, watermark=until)


def seen(directory: Path) -> list[tuple[str, str]]:
    """The ids and statuses that open_dataset gives."""
    table = open_dataset(directory).to_table(["order_id", "status"])
    return sorted(zip(table["order_id"].to_pylist(), table["status"].to_pylist(), strict=True))


def globbed(directory: Path) -> list[tuple[str, str]]:
    """The same for somebody who knows nothing of us."""
    found = sorted(directory.glob("**/*.parquet"))
    return sorted(pair for path in found for pair in pq.read_table(path, partitioning=None).select(
        ["order_id", "status"]).to_pandas().itertuples(index=False, name=None))  # fmt: skip


def data_files(directory: Path) -> dict[str, int]:
    return {str(path.relative_to(directory)): path.stat().st_ino for path in directory.glob("**/*.parquet")}


# -- what a run leaves ---------------------------------------------------------------------------------


def test_the_last_version_of_each_record_stays_wherever_it_lies(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        synced(store, rows(("1", JANUARY, JANUARY, "new"), ("2", JANUARY - 40 * DAY, JANUARY, "new")))
        synced(
            store,
            rows(("1", JANUARY, JANUARY + 9, "paid"), ("3", JANUARY, JANUARY, "new")),
            rows(("1", JANUARY, JANUARY + 5, "late news"), ("3", JANUARY, JANUARY, "said again")),
        )

    assert seen(tmp_path) == globbed(tmp_path) == [("1", "paid"), ("2", "new"), ("3", "said again")]


def test_an_older_version_does_not_replace_a_newer_one_that_is_there(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        synced(store, rows(("1", JANUARY, JANUARY + 9, "paid")))
        synced(store, rows(("1", JANUARY, JANUARY + 5, "new"), ("2", JANUARY, None, "x")))

    assert seen(tmp_path) == [("1", "paid"), ("2", "x")]


def test_files_in_which_nothing_changes_are_not_written_again(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        synced(store, rows(("1", JANUARY, JANUARY, "new"), ("2", JANUARY - 40 * DAY, JANUARY, "new")))
        before = data_files(tmp_path)
        synced(store, rows(("3", JANUARY, JANUARY, "new"), ("2", JANUARY - 40 * DAY, JANUARY + 1, "paid")))

    kept = before.items() & data_files(tmp_path).items()
    assert [path for path, _ in kept] == [f"shop=id-{SHOP}/month=2026-01/part-000002.parquet"]
    assert seen(tmp_path) == [("1", "new"), ("2", "paid"), ("3", "new")]


def test_rows_lie_by_shop_and_by_month_of_their_creation_in_utc(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        synced(store, rows(("1", JANUARY - 1, JANUARY, "x"), ("2", JANUARY, JANUARY, "x"), ("3", None, None, "x")))

    assert {path.rpartition("/")[0] for path in data_files(tmp_path)} == {
        f"shop=id-{SHOP}/month={month}" for month in ("2025-12", "2026-01", "none")
    }


def test_small_files_of_a_month_become_few_again(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        for number in range(40):
            synced(store, rows((str(number), JANUARY, JANUARY, "x")))
            assert len(data_files(tmp_path)) <= merge.MOST_SMALL

    assert len(seen(tmp_path)) == 40


def test_no_file_grows_beyond_its_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(merge, "FILE_ROWS", 100)
    monkeypatch.setattr(merge, "GROUP_ROWS", 20)
    monkeypatch.setattr(merge, "_COMPARED_ROWS", 70)

    with Store.open(tmp_path, THINGS) as store:
        for start in (0, 300):
            names = range(start, start + 400)
            synced(
                store, *(rows(*((str(n), JANUARY, start, "x") for n in names[at : at + 7])) for at in range(0, 400, 7))
            )

    sizes = [pq.ParquetFile(tmp_path / path).metadata.num_rows for path in data_files(tmp_path)]
    assert (max(sizes) <= 100, sum(sizes)) == (True, 700)
    assert [name for name, _ in seen(tmp_path)] == sorted(str(n) for n in range(700))


@pytest.mark.parametrize(("count", "packed"), [(20, "SNAPPY"), (2_000, "ZSTD")])
def test_a_file_of_few_rows_is_packed_in_the_way_that_takes_no_time_to_set_up(tmp_path, count, packed):
    with Store.open(tmp_path, THINGS) as store:
        synced(store, rows(*((str(number), JANUARY, JANUARY, "x") for number in range(count))))

    (path,) = data_files(tmp_path)
    assert pq.ParquetFile(tmp_path / path).metadata.row_group(0).column(0).compression == packed


def test_rows_without_a_key_are_replaced_together_with_their_record(tmp_path):
    with Store.open(tmp_path, EVENTS) as store:
        synced(store, rows(("1", JANUARY, 1, "packed"), ("1", JANUARY, 1, "sent"), ("2", JANUARY, 1, "packed")))
        synced(store, rows(("1", JANUARY, 1, "packed"), ("1", JANUARY, 1, "packed"), ("1", JANUARY, 1, "lost")))

    assert seen(tmp_path) == [("1", "lost"), ("1", "packed"), ("1", "packed"), ("2", "packed")]


def without_rows(*found: tuple[str, int | None]) -> pa.Table:
    """Records that came without any row, and when they were changed."""
    return rows(*((name, None, changed, "") for name, changed in found)).select(["order_id", "updated_at"])


@pytest.mark.parametrize("month", [JANUARY, JANUARY - 40 * DAY, None])
def test_what_a_record_had_goes_when_it_comes_without_any_row_wherever_it_lay(tmp_path, month):
    with Store.open(tmp_path, EVENTS) as store:
        synced(store, rows(("1", month, 5, "a"), ("1", month, 5, "b"), ("2", JANUARY, 5, "c"), ("3", month, 9, "d")))
        store.begin(SHOP, since=None, until=9)
        gone = without_rows(("1", 6), ("3", 8), ("4", 1))
        store.stage(SHOP, rows(("5", JANUARY, 5, "e")), [(None, 9)], gone)
    with Store.open(tmp_path, EVENTS) as store:  # as after a crash
        store.commit(SHOP, watermark=9)

    assert seen(tmp_path) == globbed(tmp_path) == [("2", "c"), ("3", "d"), ("5", "e")]


def test_within_a_run_the_newest_version_counts_with_rows_or_without(tmp_path):
    with Store.open(tmp_path, EVENTS) as store:
        store.begin(SHOP, since=None, until=9)
        store.stage(SHOP, rows(("1", JANUARY, 5, "a"), ("2", JANUARY, 5, "b")), [])
        store.stage(SHOP, rows(("3", JANUARY, 5, "c")), [], without_rows(("1", 5), ("2", 4), ("4", 7)))
        store.stage(SHOP, rows(("4", JANUARY, 7, "d")), [(None, 9)])
        store.commit(SHOP, watermark=9)

    assert seen(tmp_path) == [("2", "b"), ("3", "c"), ("4", "d")]


def test_records_without_rows_leave_files_alone_that_do_not_hold_them(tmp_path):
    with Store.open(tmp_path, EVENTS) as store:
        synced(store, rows(("1", JANUARY, 5, "a")), rows(("2", JANUARY - 40 * DAY, 5, "b")))
        before = data_files(tmp_path)
        store.begin(SHOP, since=None, until=9)
        store.stage(SHOP, rows(), [(None, 9)], without_rows(("2", 6), ("3", 6)))
        store.commit(SHOP, watermark=9)

    assert [*data_files(tmp_path).items()] == [item for item in before.items() if "2026-01" in item[0]]


@pytest.mark.parametrize("table", [THINGS, EVENTS])
@pytest.mark.parametrize("apart", [False, True])
def test_a_record_whose_time_becomes_known_or_unknown_is_there_once(tmp_path, table, apart):
    before = rows(("1", None, 1, "new"), ("2", JANUARY, 1, "new"), ("3", None, 1, "kept"), ("4", JANUARY, 1, "kept"))
    after = rows(("1", JANUARY, 2, "paid"), ("2", None, 2, "paid"), ("5", JANUARY - 40 * DAY, 1, "new"))
    with Store.open(tmp_path, table) as store:
        for some in [[before], [after]] if apart else [[before, after]]:
            synced(store, *some)

    wanted = [("1", "paid"), ("2", "paid"), ("3", "kept"), ("4", "kept"), ("5", "new")]
    assert seen(tmp_path) == globbed(tmp_path) == wanted


@pytest.mark.parametrize("name", TABLES)
def test_the_month_of_a_row_is_that_of_a_time_that_never_changes(name):
    table = TABLES[name].table
    month_of = contents_of(table, table.columns, {}, "").month_of
    paths = {column.path for column in table.columns if column.name == month_of}

    # when something was made, or the day that is part of what tells the rows apart
    assert paths <= {"create_time", "order_create_time", "statement_time", "start_date"}


def test_a_run_of_all_there_is_replaces_the_shop_and_leaves_the_others(tmp_path):
    with Store.open(tmp_path, PLACES) as store:
        for shop, names in (("1", "ab"), ("2", "cd"), ("1", "be"), (None, "z")):
            store.begin(shop, since=None, until=JANUARY, kind="all")
            table = rows(*((name, None, None, "") for name in names)).select(["shop_id", "order_id"])
            store.stage(shop, table, [(None, JANUARY)])
            store.commit(shop, watermark=None)

    assert sorted(open_dataset(tmp_path).to_table()["order_id"].to_pylist()) == list("bcdez")
    assert len(data_files(tmp_path)) == 3


def test_a_run_that_finds_nothing_ends_and_remembers_its_watermark(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        synced(store)

        assert store.state(SHOP).watermark == JANUARY
    assert seen(tmp_path) == []
    assert duckdb.sql("select count(order_id) from ds", connection=_duck(open_dataset(tmp_path))).fetchall() == [(0,)]


def _duck(ds) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.register("ds", ds)
    return connection


# -- readers -------------------------------------------------------------------------------------------


def test_duckdb_polars_pandas_and_pyarrow_read_the_same_with_ids_as_text(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        synced(store, rows(("0012", JANUARY, JANUARY, "a"), ("7", JANUARY - 40 * DAY, JANUARY, "b")))
    ds = open_dataset(tmp_path)
    glob = f"{tmp_path}/**/*.parquet"
    wanted = [("0012", SHOP, "a"), ("7", SHOP, "b")]
    fields = ["order_id", "shop_id", "status"]

    assert duckdb.sql("select order_id, shop_id, status from ds order by 1").fetchall() == wanted
    assert duckdb.sql(f"select order_id, shop_id, status from '{glob}' order by 1").fetchall() == wanted
    kinds = dict(duckdb.sql(f"select column_name, column_type from (describe select * from '{glob}')").fetchall())
    assert {kinds[name] for name in ("shop_id", "order_id", "shop", "month")} == {"VARCHAR"}
    assert pl.scan_pyarrow_dataset(ds).select(fields).sort("order_id").collect().rows() == wanted
    for hive in (False, True):
        read = pl.scan_parquet(glob, hive_partitioning=hive).sort("order_id").collect()
        assert read.select(fields).rows() == wanted
        assert {read.schema[name] for name in ("shop", "month") if hive} <= {pl.String()}
    assert [*ds.to_table().to_pandas().sort_values("order_id")["shop_id"]] == [SHOP, SHOP]
    hive = pa.dataset.dataset(tmp_path, partitioning="hive")
    assert sorted(hive.to_table()["order_id"].to_pylist()) == ["0012", "7"]
    assert hive.schema.field("shop").type == hive.schema.field("month").type == pa.string()


def test_no_table_has_a_column_that_is_called_like_a_directory():
    names = {column.name for entry in TABLES.values() for column in entry.table.chosen(detail=True)}

    assert names & {"shop", "month"} == set()


@pytest.mark.parametrize("name", TABLES)
def test_every_table_can_be_kept(tmp_path, name):
    table = TABLES[name].table

    with Store.open(tmp_path, table) as store:
        store.begin("1", since=None, until=5)
        row = pa.table([pa.nulls(2, field.type) for field in store.schema], schema=store.schema)
        store.stage("1", row, [(None, 5)])
        store.commit("1", watermark=5)

    assert open_dataset(tmp_path).schema == schema(table.columns)
    assert open_dataset(tmp_path).count_rows() == (2 if record_columns(table)[1] else 1)


# -- a directory of another ----------------------------------------------------------------------------


def refused(directory: Path, *said: str, table: Table = THINGS, **options) -> None:
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file() and "lock" not in path.name}
    with pytest.raises(InputError) as caught:
        Store.open(directory, table, **options)
    after = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file() and "lock" not in path.name}
    assert [part for part in said if part not in str(caught.value)] == []
    assert after == before


def test_a_directory_with_somebody_elses_files_is_left_untouched(tmp_path):
    (tmp_path / "thesis.docx").write_text("x")

    refused(tmp_path, str(tmp_path), "thesis.docx", "Choose an empty directory")

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_file_in_the_place_of_the_directory_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")

    with pytest.raises(InputError, match="is not a directory"):
        Store.open(tmp_path / "file", THINGS)


def test_hidden_files_of_the_system_do_not_make_a_directory_somebody_elses(tmp_path):
    (tmp_path / ".DS_Store").write_text("x")

    Store.open(tmp_path, THINGS).close()


def test_another_table_or_seller_is_refused_and_both_are_named(tmp_path):
    Store.open(tmp_path, THINGS, identity={"seller": "Ann", "by": "update_time"}).close()

    refused(tmp_path, "things", "events", table=EVENTS)
    refused(tmp_path, "seller", "Ann", "Bob", identity={"seller": "Bob"})
    refused(tmp_path, "by", "update_time", "create_time", identity={"by": "create_time"})
    refused(tmp_path, "detail", "False", "True", detail=True)


@pytest.mark.parametrize(
    ("number", "said"), [(2, "newer version"), (0, "before directories could be continued"), (99, "newer version")]
)
def test_a_directory_of_another_format_is_recognised(tmp_path, number, said):
    (tmp_path / "_tts_notebook.json").write_text(json.dumps({"format": number, "orders": []}))

    refused(tmp_path, f"format {number}", said)
    with pytest.raises(InputError, match=said):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"format": 1}', '{"format": "x"}', "null", '{"format": 1, "table": "things"}', "[" * 9999],
)
def test_a_damaged_manifest_is_refused_and_nothing_is_written_over_it(tmp_path, text):
    with Store.open(tmp_path, THINGS) as store:
        synced(store, rows(("1", JANUARY, JANUARY, "x")))

    for path in (tmp_path / "_tts_notebook.json", tmp_path / f"shop=id-{SHOP}" / "_tts_notebook.json"):
        good = path.read_bytes()
        path.write_text(text)
        refused(tmp_path, str(path), "damaged", "backup")
        with pytest.raises(InputError, match="damaged"):
            open_dataset(tmp_path)
        path.write_bytes(good)
    assert seen(tmp_path) == [("1", "x")]


def test_no_manifest_can_point_to_files_outside(tmp_path):
    directory, outside = tmp_path / "in", tmp_path / "part-000001.parquet"
    outside.write_text("mine")
    with Store.open(directory, THINGS) as store:
        synced(store, rows(("1", JANUARY, JANUARY, "x")))
    path = directory / f"shop=id-{SHOP}" / "_tts_notebook.json"
    path.write_text(
        path.read_text().replace('"dropping": []', '"dropping": [{"month": "/../../..", "number": 1, "rows": 1}]')
    )

    refused(directory, "damaged")

    assert outside.read_text() == "mine"


@pytest.mark.parametrize("name", ["watermark", "start"])
def test_a_time_of_a_manifest_that_is_none_is_damage(tmp_path, name):
    with Store.open(tmp_path, THINGS) as store:
        synced(store, rows(("1", JANUARY, JANUARY, "x")))
    path = tmp_path / f"shop=id-{SHOP}" / "_tts_notebook.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: "soon"}))

    refused(tmp_path, "damaged")


def test_a_disk_that_fails_while_a_directory_is_opened_leaves_no_lock(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        store.begin(SHOP, since=0, until=1)
    (tmp_path / f"shop=id-{SHOP}" / "_staging" / "new-000001.merged").write_text("left over")

    class Failing(Quick):
        def remove(self, path):
            if path.suffix == ".merged":
                raise OSError(errno.EIO, "Input/output error")
            super().remove(path)

    with pytest.raises(SyncError, match="Input/output error") as kept:
        Store.open(tmp_path, THINGS, disk=Failing())
    with Store.open(tmp_path, THINGS) as store:
        assert store.state(SHOP).unfinished
    assert kept.value.__context__  # as a notebook keeps the last traceback, with all that it holds


def test_what_another_has_done_to_a_shop_meanwhile_is_seen(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        synced(store, rows(("1", JANUARY, JANUARY, "x")))
        with Store.join(tmp_path, THINGS) as worker:
            synced(worker, rows(("2", JANUARY, JANUARY, "x")), until=JANUARY + 5)

        assert store.state(SHOP).watermark == JANUARY + 5
        assert store.state(SHOP).rows == 2


def test_what_is_not_a_synced_directory_cannot_be_opened(tmp_path):
    with pytest.raises(InputError, match="was not made by a sync"):
        open_dataset(tmp_path / "nowhere")


@pytest.mark.parametrize("given", [None, 7, b"data", "a\0b", "~nobody-of-that-name/data", "\udce4"])
def test_what_no_directory_can_be_called_is_refused_in_a_sentence(given):
    with pytest.raises(InputError, match=re.escape(f"directory={given!r} is not a directory")):
        open_dataset(given)


def test_a_relative_name_where_the_current_directory_is_gone_is_refused_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()

    with pytest.raises(InputError, match="directory='data' is not a directory"):
        open_dataset("data")


def test_a_directory_that_the_system_refuses_to_read_is_told(tmp_path):
    with pytest.raises(SyncError, match="cannot be read \\(File name too long\\)"):
        open_dataset(tmp_path / ("x" * 300))


def test_whoever_opens_the_directory_of_several_tables_or_of_one_shop_is_told_which_one_to_open(tmp_path):
    with Store.open(tmp_path / "orders", THINGS) as store:
        synced(store)
    (home,) = (tmp_path / "orders").glob("shop=*")

    with pytest.raises(InputError, match=r"has a directory for each table: orders\. Open one of them"):
        open_dataset(tmp_path)
    for opened in (open_dataset, lambda where: Store.open(where, THINGS)):
        with pytest.raises(InputError, match=r"is the part of one shop in a synced directory.*/orders$"):
            opened(home)
    (tmp_path / "orders" / "_tts_notebook.json").unlink()
    with pytest.raises(InputError, match="was not made by a sync"):
        open_dataset(tmp_path / "orders")


def test_a_missing_data_file_is_named(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        synced(store, rows(("1", JANUARY, JANUARY, "x")))
        (lost,) = tmp_path.glob("**/*.parquet")
        lost.unlink()

        with pytest.raises(SyncError, match=r"part-000001\.parquet.*the next sync then reads that shop"):
            synced(store, rows(("1", JANUARY, JANUARY, "x")))
    with pytest.raises(SyncError, match=r"part-000001\.parquet"):
        open_dataset(tmp_path)


# -- columns -------------------------------------------------------------------------------------------


def test_columns_of_a_newer_version_are_null_in_older_rows(tmp_path):
    older = Table("things", "thing", "things", LISTING, COLUMNS[:4], order=THINGS.order, key=THINGS.key)
    before = rows(("1", JANUARY, JANUARY, "a"), ("2", JANUARY - 40 * DAY, JANUARY, "b"), ("3", JANUARY, JANUARY, "c"))
    with Store.open(tmp_path, older) as store:
        synced(store, before.drop(["status"]))
        store.begin(SHOP, since=None, until=9)
        store.stage(SHOP, rows(("4", JANUARY, JANUARY, "d")).drop(["status"]), [(None, 4)])

    with Store.open(tmp_path, THINGS) as store:
        store.stage(SHOP, rows(("3", JANUARY, JANUARY + 1, "paid")), [(4, 9)])
        store.commit(SHOP, watermark=9)

    table = open_dataset(tmp_path).to_table().sort_by("order_id")
    assert table["status"].to_pylist() == [None, None, "paid", None]
    with Store.open(tmp_path, older) as store:  # and an older version goes on with what it knows
        assert "status" in store.schema.names


def test_a_column_whose_type_changed_is_refused(tmp_path):
    columns = tuple(Column(c.name, "money" if c.name == "status" else c.kind, c.path) for c in COLUMNS)
    Store.open(tmp_path, THINGS).close()

    changed = Table("things", "thing", "things", LISTING, columns, order=THINGS.order, key=THINGS.key)
    refused(tmp_path, "the column status has the type string", "decimal128", table=changed)


# -- a run that is not ended ---------------------------------------------------------------------------


def test_the_next_sync_knows_what_is_still_to_be_read(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        synced(store)
        store.begin(SHOP, since=10, until=100)
        store.stage(SHOP, rows(("1", JANUARY, JANUARY, "x")), [(20, 30), (90, 100)])
        store.stage(SHOP, rows(("2", JANUARY, JANUARY, "x")), [(30, 31)])

    with Store.open(tmp_path, THINGS) as store:
        standing = store.state(SHOP)
        assert standing.watermark == JANUARY
        assert (standing.unfinished.since, standing.unfinished.until, standing.unfinished.rows) == (10, 100, 2)
        assert standing.unfinished.missing == ((10, 20), (31, 90))
        assert seen(tmp_path) == []
        store.stage(SHOP, rows(), standing.unfinished.missing)
        store.commit(SHOP, watermark=100)

    assert [name for name, _ in seen(tmp_path)] == ["1", "2"]


def test_a_run_cannot_end_with_a_gap(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        store.begin(SHOP, since=0, until=10)
        store.stage(SHOP, rows(), [(0, 4), (5, 10)])

        with pytest.raises(FlowMisuse, match=r"gaps: \[\(4, 5\)\]"):
            store.commit(SHOP, watermark=10)


def test_a_run_of_no_time_at_all_has_no_gap(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        store.begin(SHOP, since=10, until=10)
        store.commit(SHOP, watermark=10)

        assert (store.state(SHOP).watermark, store.state(SHOP).start) == (10, 10)


def test_a_run_that_is_given_up_leaves_nothing(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        store.begin(SHOP, since=0, until=10)
        store.stage(SHOP, rows(("old", JANUARY, JANUARY, "x")), [(0, 10)])
        synced(store, rows(("new", JANUARY, JANUARY, "x")))

    assert [name for name, _ in seen(tmp_path)] == ["new"]


def test_a_part_that_cannot_be_read_any_more_is_read_again_from_the_server(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        store.begin(SHOP, since=0, until=10)
        store.stage(SHOP, rows(("1", JANUARY, JANUARY, "x")), [(0, 4)])
        store.stage(SHOP, rows(("2", JANUARY, JANUARY, "x")), [(4, 10)])
    first = min(tmp_path.glob("**/*.part"))
    first.write_bytes(first.read_bytes()[:40])

    with Store.open(tmp_path, THINGS) as store:
        assert store.state(SHOP).unfinished.missing == ((0, 4),)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda table: table.append_column("colour", [["red"]]), "colour"),
        (lambda table: table.drop(["order_id"]), "order_id"),
        (lambda table: table.set_column(2, "created_at", [["soon"]]), "other types"),
    ],
)
def test_rows_of_another_shape_are_not_staged(tmp_path, bad, said):
    with Store.open(tmp_path, THINGS) as store:
        store.begin(SHOP, since=0, until=10)

        with pytest.raises(FlowMisuse, match=said):
            store.stage(SHOP, bad(rows(("1", JANUARY, JANUARY, "x"))), [(0, 10)])
        assert store.state(SHOP).unfinished.missing == ((0, 10),)


def test_leftovers_are_removed_and_what_others_put_there_is_not(tmp_path):
    with Store.open(tmp_path, THINGS) as store:
        store.begin(SHOP, since=0, until=10)
    staging = tmp_path / f"shop=id-{SHOP}" / "_staging"
    for name in (
        "run-000001-000001.part.tmp",
        "run-000000-000001.part",
        "new-000001.merged",
        "notes.txt",
        "run-x.part",
    ):
        (staging / name).write_text("x")

    with Store.open(tmp_path, THINGS):
        assert sorted(path.name for path in staging.iterdir()) == ["notes.txt", "run-x.part"]


# -- crashes -------------------------------------------------------------------------------------------


class Crash(BaseException):
    """The process is gone: nothing that comes after it may still reach the disk."""


class Quick(Disk):
    """A disk that does not wait for the medium: what outlives a process is not what outlives a power cut."""

    def finish(self, file):
        file.close()

    def settle(self, directory):
        pass


class Mortal(Quick):
    """A disk whose process dies before its k-th operation."""

    def __init__(self, lives: int) -> None:
        self.lives, self.files = lives, []

    def bury(self) -> None:
        """Close its files, as the system does; nothing more is written."""
        for file in self.files:
            file.close()

    def _live(self) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise Crash

    def create(self, path):
        self._live()
        self.files.append(path.open("wb", buffering=0))
        return MortalFile(self.files[-1], self)

    def finish(self, file):
        self._live()
        super().finish(file)

    def replace(self, source, target):
        self._live()
        super().replace(source, target)

    def remove(self, path):
        self._live()
        super().remove(path)

    def settle(self, directory):
        self._live()
        super().settle(directory)


class MortalFile:
    """A file of which a part is written when the process dies; its writes are one operation."""

    def __init__(self, file, disk) -> None:
        self.file, self.disk, self.written = file, disk, 0

    def write(self, data):
        self.written += 1
        if self.disk.lives < 0:
            return len(data)
        try:
            if self.written == 1:
                self.disk._live()
        except Crash:
            self.file.write(bytes(data)[: len(data) // 2])
            raise
        return self.file.write(data)

    def __getattr__(self, name):
        return getattr(self.file, name)


class Unplugged(Mortal):
    """A disk without power before its k-th operation: of what nobody waited for, only the earliest part is there."""

    def __init__(self, lives: int, chance: random.Random) -> None:
        super().__init__(lives)
        self.chance, self.done = chance, []  # directories, and how to undo what changed their names

    def bury(self) -> None:
        super().bury()
        for _, undo in reversed(self.done[self.chance.randrange(len(self.done) + 1) :]):
            undo()

    def create(self, path):
        before = path.exists()
        made = super().create(path)
        if not before:
            self.done.append((path.parent, lambda: path.unlink(missing_ok=True)))
        return made

    def replace(self, source, target):
        before, moved = target.read_bytes() if target.exists() else None, source.read_bytes()
        super().replace(source, target)

        def undo():
            restore(source, moved)
            restore(target, before)

        self.done.append((target.parent, undo))

    def remove(self, path):
        before = path.read_bytes() if path.exists() else None
        super().remove(path)
        if before is not None:
            self.done.append((path.parent, lambda: restore(path, before)))

    def make(self, directory, *, durable=True):
        if not directory.is_dir() and not durable:
            self.done.append((directory.parent, lambda: shutil.rmtree(directory)))
        super().make(directory, durable=durable)

    def settle(self, directory):
        super().settle(directory)
        self.done = [each for each in self.done if each[0] != directory]


def restore(path: Path, content: bytes | None) -> None:
    """Put back what a file was; None for nothing."""
    if content is None:
        path.unlink()
        return
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def history(seed: int) -> list[pa.Table]:
    """What two runs find: new orders, changed ones, and the same ones again."""
    chance = random.Random(seed)
    made = {str(n): JANUARY + chance.randrange(-20, 20) * DAY for n in range(8)}
    return [
        rows(
            *(
                (n, made[n], run * 5 + chance.randrange(9), f"{run}{chance.random()}")
                for n in chance.choices([*made], k=6)
            )
        )
        for run in range(2)
    ]


def truth(found: list[pa.Table]) -> list[tuple[str, str]]:
    last: dict[str, tuple[datetime, str]] = {}
    for row in (row for table in found for row in table.to_pylist()):
        if row["order_id"] not in last or row["updated_at"] >= last[row["order_id"]][0]:
            last[row["order_id"]] = (row["updated_at"], row["status"])
    return sorted((name, status) for name, (_, status) in last.items())


def go_on(directory: Path, runs: list[pa.Table], disk: Disk) -> None:
    """Sync as a script would that knows nothing of what happened before."""
    with closing(Store.open(directory, THINGS, disk=disk)) as store:
        while (done := store.state(SHOP).watermark or 0) < len(runs):
            if store.state(SHOP).unfinished is None:
                store.begin(SHOP, since=0, until=6)
            for lower, upper in store.state(SHOP).unfinished.missing:
                for at in range(lower, upper, 3):
                    store.stage(SHOP, runs[done].slice(at, min(3, upper - at)), [(at, min(at + 3, upper))])
            store.commit(SHOP, watermark=done + 1)


def test_a_crash_at_any_file_operation_loses_nothing_and_doubles_nothing(tmp_path):
    runs = history(seed=5)
    allowed = [truth(runs[:done]) for done in range(3)]
    for lives in some(range(1000)):
        directory = tmp_path / str(lives)
        disk = Mortal(lives)
        with suppress(Crash):
            go_on(directory, runs, disk)
            break
        disk.bury()
        if (directory / "_tts_notebook.json").exists():
            assert seen(directory) in allowed
        go_on(directory, runs, Quick())
        assert seen(directory) == globbed(directory) == allowed[-1]
        assert [path for path in directory.rglob("*") if path.suffix in (".tmp", ".part", ".merged")] == []

    assert 60 < lives < 999


def test_without_power_at_any_file_operation_nothing_is_lost_or_doubled(tmp_path):
    runs, chance = history(seed=7), random.Random(7)
    allowed = [truth(runs[:done]) for done in range(3)]
    for lives in some(range(0, 1000, 2)):
        directory = tmp_path / str(lives)
        disk = Unplugged(lives, chance)
        with suppress(Crash):
            go_on(directory, runs, disk)
        done = disk.lives >= 0
        disk.bury()
        if (directory / "_tts_notebook.json").exists():
            assert seen(directory) in allowed[2 if done else 0 :]
        go_on(directory, runs, Quick())
        assert seen(directory) == globbed(directory) == allowed[-1]
        if done:
            break

    assert 40 < lives < 999


@pytest.mark.parametrize("seed", range(8))
def test_any_number_of_crashes_in_a_row_lose_nothing_and_double_nothing(tmp_path, seed):
    chance, runs = random.Random(seed), history(seed)

    for _ in range(40):
        disk = Mortal(chance.randrange(3, 60))
        with suppress(Crash):
            go_on(tmp_path, runs, disk)
        disk.bury()
    go_on(tmp_path, runs, Quick())

    assert seen(tmp_path) == globbed(tmp_path) == truth(runs)


CHILD = """
import sys
from tests.data.things import THINGS, SHOP, JANUARY, DAY, rows
from tts_notebook.data.store import Store
with Store.open(sys.argv[1], THINGS) as store:
    while (done := store.state(SHOP).watermark or 0) < 1000:
        if store.state(SHOP).unfinished is None:
            store.begin(SHOP, since=0, until=4)
        for lower, upper in store.state(SHOP).unfinished.missing:
            for second in range(lower, upper):
                n = done * 2 + second
                store.stage(SHOP, rows((str(n), JANUARY + n % 3 * 31 * DAY, done, str(done))), [(second, second + 1)])
                print(done, flush=True)
        store.commit(SHOP, watermark=done + 1)
"""


@pytest.mark.patient
def test_a_real_kill_loses_nothing_and_doubles_nothing(tmp_path):
    reached = 0
    for lines, pause in ((3, 0.001), (8, 0.004), (9, 0.009)):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path)],
            stdout=subprocess.PIPE,
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        assert all(child.stdout.readline() for _ in range(lines))
        time.sleep(pause)
        child.send_signal(signal.SIGKILL)
        child.stdout.close()
        child.wait()
        with Store.open(tmp_path, THINGS) as store:  # a dead holder's lock does not block
            reached, before = store.state(SHOP).watermark or 0, reached
        assert reached >= before
        assert seen(tmp_path) == globbed(tmp_path)
        assert dict(seen(tmp_path)) == {str(done * 2 + n): str(done) for done in range(reached) for n in range(4)}
        assert len(seen(tmp_path)) == (2 * reached + 2 if reached else 0)
    assert reached >= 4


# -- two at once, and no room --------------------------------------------------------------------------


def test_two_syncs_of_one_directory_exclude_each_other(tmp_path):
    imports = "import sys; from tests.data.things import THINGS; from tts_notebook.data.store import Store; "
    script = imports + "Store.open(sys.argv[1], THINGS)"

    with Store.open(tmp_path, THINGS):
        with pytest.raises(SyncError, match=r"Another sync is writing into .* Wait until it ends"):
            Store.open(tmp_path, THINGS)
        child = subprocess.run(
            [sys.executable, "-c", script, str(tmp_path)],
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )

    assert (child.returncode, "Another sync is writing" in child.stderr) == (1, True)
    Store.open(tmp_path, THINGS).close()


class Full(Quick):
    """A disk that has no room left, from its k-th operation that needs some."""

    def __init__(self, room: int) -> None:
        self.room = room

    def _take(self) -> None:
        self.room -= 1
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")

    def create(self, path):
        self._take()
        return FullFile(super().create(path), self)

    def finish(self, file):
        file.close()
        self._take()


class FullFile(MortalFile):
    def write(self, data):
        self.written += 1
        if self.written in (1, 9):
            self.disk._take()
        return self.file.write(data)


def test_a_full_disk_is_told_and_leaves_the_data_as_it_was(tmp_path):
    runs = history(seed=6)
    allowed = [truth(runs[:done]) for done in range(3)]
    for room in some(range(1000)):
        directory = tmp_path / str(room)
        said = ""
        try:
            go_on(directory, runs, Full(room))
        except SyncError as error:
            said = str(error)
        if not said:
            break
        assert said == (
            f"There is no room left for {directory}. The data there is as it was, and what this sync has read is "
            "kept up to its last part. Make room and run the cell again: it goes on where this sync ended."
        )
        assert list(directory.rglob("*.tmp")) == []
        if (directory / "_tts_notebook.json").exists():
            assert seen(directory) in allowed
        go_on(directory, runs, Quick())
        assert seen(directory) == globbed(directory) == allowed[-1]

    assert 30 < room < 999


LIMITED = """
import resource, signal, sys
from tests.data.things import THINGS, SHOP, JANUARY, rows
from tts_notebook.data.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Store.open(sys.argv[1], THINGS) as store:
    store.begin(SHOP, since=0, until=9)
    store.stage(SHOP, rows(("1", JANUARY, JANUARY, "kept")), [(0, 5)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    store.stage(SHOP, rows(*((f"{n * 7919}", JANUARY, n, f"{n * 104729}") for n in range(5000))), [(5, 9)])
"""


def test_a_file_that_the_system_refuses_to_write_is_told_too(tmp_path):
    child = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )

    assert "SyncError: There is no room left" in child.stderr
    with Store.open(tmp_path, THINGS) as store:
        assert store.state(SHOP).unfinished.missing == ((5, 9),)
        assert store.state(SHOP).unfinished.rows == 1


# -- memory --------------------------------------------------------------------------------------------


def test_a_merge_never_holds_more_than_a_few_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(merge, "FILE_ROWS", 8_000)
    monkeypatch.setattr(merge, "GROUP_ROWS", 1_000)
    monkeypatch.setattr(merge, "_READ_ROWS", 500)
    with Store.open(tmp_path, THINGS) as store:
        for version in (0, 1):
            store.begin(SHOP, since=0, until=1)
            for start in range(0, 60_000, 5_000):
                store.stage(
                    SHOP, rows(*((str(n), JANUARY, version, "x" * 400) for n in range(start, start + 5_000))), []
                )
            store.stage(SHOP, rows(), [(0, 1)])
            before, peak = pa.total_allocated_bytes(), []
            written = pq.ParquetWriter.write_table

            def counted(writer, table, *rest, written=written, peak=peak):
                peak.append(pa.total_allocated_bytes())
                return written(writer, table, *rest)

            with monkeypatch.context() as patch:
                patch.setattr(pq.ParquetWriter, "write_table", counted)
                store.commit(SHOP, watermark=version)

            assert max(peak) - before < 10_000_000  # all of it would be 30 MB
    assert open_dataset(tmp_path).count_rows() == 60_000
