import pytest
from django.db import OperationalError

from plumbing.apart import NAMED, apart, sum_apart
from plumbing.exceptions import SomeNotDone


def half(row: int) -> int:
    if row % 2:
        raise ValueError(f"{row} is odd")
    return row // 2


def test_what_every_row_gives_is_added_up() -> None:
    assert sum_apart([2, 4, 6], half) == 6
    assert sum_apart([], half) == 0


def test_a_row_that_fails_keeps_no_other_from_its_turn_and_is_told_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done = []

    def halve_all() -> None:
        with apart() as each:
            for row in (2, 3, 4):
                with each.one(row):
                    done.append(half(row))

    with pytest.raises(SomeNotDone, match=r"^3: ValueError: 3 is odd$"):
        halve_all()

    assert done == [1, 2]
    assert [(record.getMessage(), record.exc_info is not None) for record in caplog.records] == [
        ("Not done for 3.", True)
    ]


def test_of_many_failures_the_first_are_named_and_the_rest_counted() -> None:
    with pytest.raises(SomeNotDone) as told:
        sum_apart(range(1, 2 * NAMED + 4, 2), half)

    assert str(told.value).count("ValueError") == NAMED
    assert str(told.value).endswith(" … and 2 more.")


@pytest.mark.parametrize("error", [OperationalError("the database is gone"), KeyError("silent")])
def test_what_is_no_fault_of_one_row_ends_the_loop(error: Exception) -> None:
    turns = []

    def all_in_turn() -> None:
        with apart(stops=(KeyError,)) as each:
            for row in (1, 2):
                with each.one(row):
                    turns.append(row)
                    raise error

    with pytest.raises(type(error)):
        all_in_turn()

    assert turns == [1]
