"""The oracle's own tests: each fault put in on purpose is found, and nothing else is."""

import pytest

from oracle import Seen, judge
from support.load import DEAD, REFUSED, Ledger


def ledger_of(count=6):
    """Events one after the other, none overlapping: each begins after the one before ended."""
    ledger = Ledger(keys=1)
    for number in range(count):
        event = ledger.make()
        event.begun, event.ended, event.status = number * 2.0, number * 2.0 + 1, 202
    return ledger.events


def all_of(events, lane=0):
    return [Seen(event.id, event.key, event.body, lane) for event in events.values()]


def test_what_is_as_sent_holds():
    events = ledger_of()
    judge(events, all_of(events)).hold("there")


def test_a_missing_event_is_found():
    events = ledger_of()
    seen = all_of(events)
    lost = seen.pop(2)
    assert judge(events, seen).missing == [lost.id]
    with pytest.raises(AssertionError, match="1 missing"):
        judge(events, seen).hold("there")


def test_an_event_never_answered_may_be_there_or_not():
    events = ledger_of()
    last = list(events.values())[-1]
    last.status, last.ended = None, float("inf")
    judge(events, all_of(events)).hold("there")
    judge(events, all_of(events)[:-1]).hold("there")


def test_a_foreign_event_is_found():
    events = ledger_of()
    seen = all_of(events) + [Seen("whk_other", None, b"{}", 0)]
    assert judge(events, seen).foreign == ["whk_other"]
    with pytest.raises(AssertionError, match="1 foreign"):
        judge(events, seen).hold("there")


def test_a_forged_event_is_foreign_though_it_was_sent():
    events = ledger_of()
    seen = all_of(events)
    events[seen[3].id].fate = REFUSED
    assert judge(events, seen).foreign == [seen[3].id]


def test_a_dead_letter_is_missed_among_the_dead_letters_only():
    events = ledger_of()
    seen = all_of(events)
    events[seen[3].id].fate = DEAD
    assert judge(events, seen).foreign == [seen[3].id]
    judge(events, seen[:3] + seen[4:]).hold("there")
    judge(events, [seen[3]], fate=DEAD).hold("there")
    assert judge(events, [], fate=DEAD).missing == [seen[3].id]


def test_a_reordered_event_is_found():
    events = ledger_of()
    seen = all_of(events)
    seen[1], seen[4] = seen[4], seen[1]
    assert judge(events, seen).reordered
    with pytest.raises(AssertionError, match="reordered"):
        judge(events, seen).hold("there")


def test_two_neighbours_that_changed_places_are_found():
    events = ledger_of()
    seen = all_of(events)
    seen[4], seen[5] = seen[5], seen[4]
    assert judge(events, seen).reordered == [(seen[5].id, seen[4].id)]


def test_events_whose_requests_overlapped_may_come_either_way():
    events = ledger_of()
    first, second = list(events.values())[:2]
    first.ended = second.begun + 0.5
    seen = all_of(events)
    seen[0], seen[1] = seen[1], seen[0]
    judge(events, seen).hold("there")


def test_order_is_a_matter_of_one_lane():
    events = ledger_of()
    for event in events.values():
        event.key = event.id
    seen = all_of(events)
    judge(events, [one._replace(lane=number) for number, one in enumerate(seen[::-1])]).hold("x")


def test_a_key_on_two_partitions_is_found():
    events = ledger_of()
    seen = all_of(events)
    seen[5] = seen[5]._replace(lane=1)
    assert judge(events, seen).split == ["key0"]


def test_a_duplicated_event_is_found_and_allowed_where_it_is_promised():
    events = ledger_of()
    seen = all_of(events)
    verdict = judge(events, seen + [seen[2]])
    assert verdict.copies == {seen[2].id: 2} and verdict.duplicates == 1
    with pytest.raises(AssertionError, match="1 copies"):
        verdict.hold("there")
    verdict.hold("there", lambda event_id: 2 if event_id == seen[2].id else 1)
    with pytest.raises(AssertionError, match="1 copies"):
        verdict.hold("there", lambda event_id: 2 if event_id == seen[1].id else 1)


def test_a_copy_out_of_turn_is_no_reordering():
    events = ledger_of()
    seen = all_of(events)
    assert not judge(events, seen + seen[3:]).reordered


def test_other_bytes_are_found():
    events = ledger_of()
    seen = all_of(events)
    seen[0] = seen[0]._replace(body=seen[0].body + b" ")
    assert judge(events, seen).altered == [seen[0].id]
