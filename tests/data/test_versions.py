"""Which rows stay when records come more than once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.harness.examples import examples
from tts_notebook.data.versions import numbered, survivors

# ids as they are, and what only looks like one
TEXTS = st.one_of(
    st.integers(-3, 3).map(str),
    st.integers(0, 2**64).map(str),
    st.sampled_from(["", "0", "00", "01", "+1", "-0", " 1", "1 ", "1.0", "0x1", "1\x1f2", "\x00", "é", "x"]),
)


@settings(max_examples=examples(200))
@given(st.lists(st.lists(TEXTS, max_size=6), max_size=4))
def test_two_records_have_one_number_exactly_if_their_texts_are_one(batches):
    texts = [text for batch in batches for text in batch]

    numbers = numbered([pa.array(batch, pa.string()) for batch in batches]).tolist()

    assert [a == b for a in numbers for b in numbers] == [a == b for a in texts for b in texts]


@pytest.mark.parametrize("whole", [False, True])
@settings(max_examples=examples(200))
@given(rows=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), max_size=12))
def test_the_newest_version_stays_and_of_equal_ones_what_came_last(whole, rows):
    rows = sorted(rows, key=lambda row: row[2])  # they come one after the other
    records, versions, arrivals = (
        np.array(column, np.int64) for column in (zip(*rows, strict=True) if rows else [()] * 3)
    )

    kept = survivors(records, versions, arrivals, whole=whole).tolist()

    last = {
        record: max((row[1], row[2], place) for place, row in enumerate(rows) if row[0] == record)
        for record, _, _ in rows
    }
    meant = [
        (version, arrival) == last[record][:2] if whole else last[record][2] == place
        for place, (record, version, arrival) in enumerate(rows)
    ]
    assert kept == meant
