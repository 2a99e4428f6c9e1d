"""How long a part rests before it is started again."""

from config.embedded.restarts import LONGEST_SECONDS, SETTLED_SECONDS, Rest


def test_a_part_that_keeps_ending_rests_longer_each_time_up_to_half_a_minute() -> None:
    rest = Rest()
    waits = []
    for at in range(9):
        rest.began(at=at)
        waits.append(rest.ended(at=at + 0.1))
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert max(waits) == LONGEST_SECONDS


def test_a_settled_life_forgives_earlier_deaths() -> None:
    rest = Rest()
    for at in (0.0, 1.0, 2.0):
        rest.began(at=at)
        rest.ended(at=at)
    rest.began(at=10)
    assert rest.ended(at=10 + SETTLED_SECONDS) == 0.5


def test_a_life_just_short_of_settled_is_not_forgiven() -> None:
    rest = Rest()
    rest.began(at=0)
    rest.ended(at=0)
    rest.began(at=10)
    assert rest.ended(at=9.9 + SETTLED_SECONDS) == 1
