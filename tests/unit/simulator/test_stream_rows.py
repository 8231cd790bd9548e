"""The rows of a stream, whose parts are the same whenever they are made, and how they are fouled."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from simulator.config.settings import SimulatorSettings
from simulator.persistence.model.simulated_use_case import SimulatedUseCase
from simulator.persistence.repository.definitions import parse_definition, read_definitions
from simulator.service.fouling import BeyondNumbersError, Drift, Fouling, NoClassesError, UnknownColumnError
from simulator.service.known_use_cases import OpenedUseCase, open_file
from simulator.service.sources import divide
from simulator.service.stream_rows import Labels, Stream, StreamRows, read_stream

WINE = read_definitions(SimulatorSettings().use_cases_dir)["wine"]
STREAM = Stream("wine", rate=2000, rows=5000, seed=3)


def regression() -> SimulatedUseCase:
    return parse_definition(
        {
            "name": "made_up",
            "task": "regression",
            "target": "price",
            "features": [{"name": "a"}, {"name": "b"}],
            "source": {"kind": "synthetic", "rows": 300},
        }
    )


def houses(rooms: int = 20) -> OpenedUseCase:
    """With at least that many rooms, and a district that is in no list."""
    use_case = parse_definition(
        {
            "name": "houses",
            "task": "regression",
            "target": "price",
            "features": [
                {"name": "rooms", "type": "integer"},
                {"name": "district", "type": "category", "categories": ["North", "South"]},
            ],
            "source": {"kind": "csv", "file": "houses.csv", "target_column": "price"},
        }
    )
    lines = [f"{rooms + row % 30},{('North', 'South', 'Isle', '')[row % 4]},{row}" for row in range(200)]
    content = "\n".join(["rooms,district,price", *lines]).encode()
    return open_file(use_case, use_case.source, content, None)  # type: ignore[arg-type]


def rows_of(stream: Stream, use_case: SimulatedUseCase = WINE) -> StreamRows:
    return StreamRows(OpenedUseCase(use_case, divide(use_case)), stream)


def streamed(
    stream: Stream, use_case: SimulatedUseCase = WINE
) -> tuple[npt.NDArray[Any], list[float | None]]:
    """All cells as numbers, and all truths, batch by batch."""
    rows = rows_of(stream, use_case)
    batches = [rows.rows(stream.batch(number)) for number in range(stream.batches)]
    cells = [row for batch in batches for row in batch.cells]
    return np.array(cells, dtype=float), [truth for batch in batches for truth in batch.truths]


def test_batches_have_a_row_each_up_to_ten_a_second_and_more_beyond() -> None:
    sizes = {rate: replace(STREAM, rate=rate).batch_rows for rate in (0.1, 5, 15, 200, 10_000)}
    assert sizes == {0.1: 1, 5: 1, 15: 2, 200: 20, 10_000: 1000}
    covered = [row for number in range(STREAM.batches) for row in STREAM.batch(number)]
    assert covered == list(range(STREAM.rows))


def test_a_batch_is_the_same_by_itself_as_after_all_before_it() -> None:
    stream = replace(STREAM, fouling=Fouling(shift=1, missing=0.1, drift=Drift()), labels=Labels(0.3))
    one_by_one = rows_of(stream)
    for number in range(stream.batches - 1):
        one_by_one.rows(stream.batch(number))
    last = stream.batch(stream.batches - 1)
    assert one_by_one.rows(last) == rows_of(stream).rows(last)


def test_a_share_of_truths_is_right_after_any_number_of_rows() -> None:
    for share in (0.0, 0.1, 0.5, 1.0):
        _, truths = streamed(replace(STREAM, rate=5, rows=200, labels=Labels(share)))
        told = np.cumsum([truth is not None for truth in truths])
        assert np.abs(told - share * np.arange(1, 201)).max() < 1 + 1e-6, share
        assert told[-1] == round(200 * share)


def test_no_row_comes_twice_in_many_blocks() -> None:
    cells, _ = streamed(STREAM)
    assert len(np.unique(cells, axis=0)) == STREAM.rows


def test_a_stream_drifts_from_nothing_to_the_whole() -> None:
    plain, _ = streamed(STREAM)
    fouling = Fouling(shift=2, columns=("alcohol",), drift=Drift())
    drifted, _ = streamed(replace(STREAM, fouling=fouling))
    deviation = float(np.std(divide(WINE).source.rows(divide(WINE).sets["training"]).features[:, 0]))
    moved = (drifted - plain)[:, 0] / deviation
    assert moved == pytest.approx(np.linspace(0, 2, STREAM.rows), abs=1e-9)
    assert np.array_equal(drifted[:, 1:], plain[:, 1:])


def test_a_drift_may_begin_and_end_in_between() -> None:
    plain, _ = streamed(STREAM)
    drifted, _ = streamed(replace(STREAM, fouling=Fouling(scale=3, drift=Drift(0.5, 0.25))))
    factors = (drifted / plain)[:, 2]
    assert factors == pytest.approx(np.linspace(2, 1.5, STREAM.rows))


def test_swapped_labels_are_other_classes_and_features_stay() -> None:
    everything = replace(STREAM, labels=Labels(1.0))
    plain, truths = streamed(everything)
    cells, swapped = streamed(replace(everything, fouling=Fouling(swap_labels=0.2)))
    assert np.array_equal(cells, plain)
    others = np.array(truths) != np.array(swapped)
    assert others.mean() == pytest.approx(0.2, abs=0.001)
    assert set(swapped) == {0.0, 1.0, 2.0}


def test_swapped_labels_grow_with_a_drift() -> None:
    everything = replace(STREAM, labels=Labels(1.0))
    _, truths = streamed(everything)
    _, swapped = streamed(replace(everything, fouling=Fouling(swap_labels=1.0, drift=Drift())))
    others = np.array(truths) != np.array(swapped)
    shares = [part.mean() for part in np.array_split(others, 5)]
    assert shares == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9], abs=0.05)


def test_every_level_is_there_and_the_references_offset_is_one_for_all_rows() -> None:
    plain, _ = streamed(STREAM)
    fouled, _ = streamed(replace(STREAM, fouling="reference"))
    off = fouled - plain
    assert off[~np.isnan(off)] == pytest.approx(0.149014, abs=1e-6)
    assert np.isnan(fouled).mean() == pytest.approx(0.03, abs=0.001)
    heavy, _ = streamed(replace(STREAM, fouling="heavy"))
    assert np.isnan(heavy).mean() == pytest.approx(0.2, abs=0.001)


def test_small_shares_are_kept_where_a_batch_is_one_row() -> None:
    cells, _ = streamed(replace(STREAM, rate=1, rows=400, fouling=Fouling(missing=0.05)))
    assert np.isnan(cells).sum(axis=0).tolist() == [20] * 13


def test_what_cannot_be_streamed_is_refused_before_anything_is_sent() -> None:
    def check(fouling: Fouling, use_case: SimulatedUseCase = WINE) -> None:
        rows_of(replace(STREAM, use_case=use_case.name, fouling=fouling), use_case).check()

    with pytest.raises(UnknownColumnError, match=r"fouling\.columns"):
        check(Fouling(shift=1, columns=("price",)))
    with pytest.raises(NoClassesError, match=r"fouling\.swap_labels"):
        check(Fouling(swap_labels=0.1), regression())
    stream = replace(STREAM, use_case="houses", fouling=Fouling(scale=1e6, drift=Drift()))
    with pytest.raises(BeyondNumbersError, match="rooms"):
        StreamRows(houses(rooms=10**12), stream).check()


def test_a_regressions_truth_is_the_rows_own() -> None:
    use_case = regression()
    stream = replace(STREAM, use_case="made_up", labels=Labels(1.0))
    _, truths = streamed(stream, use_case)
    divided = divide(use_case)
    own = {value for index in divided.sets.values() for value in divided.source.rows(index).target.tolist()}
    assert set(truths) <= own


def test_integers_and_categories_are_sent_as_such_with_names_in_no_list() -> None:
    opened = houses()
    stream = replace(STREAM, use_case="houses", rows=1000)
    cells = [
        row
        for number in range(stream.batches)
        for row in StreamRows(opened, stream).rows(stream.batch(number)).cells
    ]
    assert {type(row[0]) for row in cells} == {int}
    assert {row[1] for row in cells} == {"North", "South", "Isle", None}


def test_a_stream_comes_back_from_the_arguments_of_its_job() -> None:
    fouling = Fouling(shift=1, columns=("alcohol",), swap_labels=0.1, drift=Drift(0.1, 0.9))
    for stream in (
        replace(STREAM, fouling=fouling, labels=Labels(0.5, 60)),
        replace(STREAM, fouling="heavy"),
    ):
        arguments = asdict(stream)
        if isinstance(stream.fouling, Fouling):
            arguments["fouling"]["columns"] = ["alcohol"]  # as JSON has it
        assert read_stream(arguments) == stream
