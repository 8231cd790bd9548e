"""Numbers that were fetched ahead."""

from ml_model.service.live.indexes import IndexReserve


def test_numbers_are_given_once_and_in_a_row() -> None:
    reserve = IndexReserve(block=10)
    assert reserve.take(1) is None
    reserve.add(range(100, 110))
    assert reserve.take(4) == range(100, 104)
    reserve.add(range(200, 210))
    assert reserve.take(8) == range(200, 208)
    assert reserve.take(2) == range(208, 210)
    assert reserve.take(1) is None


def test_leftovers_that_are_too_short_do_not_count_as_a_supply() -> None:
    reserve = IndexReserve(block=10)
    for start in range(0, 100, 10):
        if reserve.is_low:
            reserve.add(range(start, start + 10))
        assert reserve.take(7) == range(start, start + 7)


def test_a_block_is_fetched_before_the_last_one_is_used_up() -> None:
    told = []
    reserve = IndexReserve(block=10)
    for numbers, taken in ((range(100, 110), 0), (range(110, 120), 10), (range(0), 1)):
        told.append(reserve.is_low)
        reserve.add(numbers)
        reserve.take(taken)
    assert [*told, reserve.is_low] == [True, False, False, True]
