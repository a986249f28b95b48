"""The oracle: what was sent against what is there. Pure: no clocks, no services.

Of each destination it says what is missing (answered 2xx and not there), foreign (there, though
never sent, sent with a false signature, or meant for another place), altered (other bytes than
were sent), reordered (on one partition or stream: after an event whose request had begun only
after its own was answered) and duplicated (there more than once).
"""

import collections
import dataclasses

from support.load import DELIVERED

Seen = collections.namedtuple("Seen", "id key body lane")  # lane: the partition or stream


@dataclasses.dataclass
class Verdict:
    missing: list
    foreign: list
    altered: list
    reordered: list  # (id, the id it should have come before)
    split: list  # keys on more than one lane
    copies: dict  # id -> how often, where more than once

    @property
    def duplicates(self):
        """Copies more than one of each."""
        return sum(count - 1 for count in self.copies.values())

    def hold(self, where, copies_allowed=lambda event_id: 1):
        """Raises unless everything is as promised; `copies_allowed` says of an id how often it
        may be there."""
        too_often = {
            event_id: count
            for event_id, count in self.copies.items()
            if count > copies_allowed(event_id)
        }
        faults = {**dataclasses.asdict(self), "copies": too_often}
        told = [f"{len(what)} {name}: {_some(what)}" for name, what in faults.items() if what]
        assert not told, f"{where}: " + "; ".join(told)


def _some(what):
    shown = list(what.items() if isinstance(what, dict) else what)[:5]
    return ", ".join(map(str, shown)) + (" ..." if len(what) > 5 else "")


def first_of_each(seen):
    """Without the copies: each id where it came first."""
    known = set()
    return [one for one in seen if not (one.id in known or known.add(one.id))]


def _reordered(ledger, seen):
    """Per lane: an event whose answer was there before an earlier-seen one had begun. Of those
    seen so far the one that began last is enough to compare with."""
    faults, latest = [], {}
    for one in first_of_each(seen):
        event = ledger.get(one.id)
        if event is None:
            continue
        before = latest.get(one.lane)
        if before is not None and event.ended < before.begun:
            faults.append((event.id, before.id))
        if before is None or event.begun > before.begun:
            latest[one.lane] = event
    return faults


def judge(ledger, seen, fate=DELIVERED):
    """`ledger`: id to event (see support.load.Sent); `seen`: lane by lane in a reader's order;
    `fate`: of the events that belong where it was seen."""
    counts = collections.Counter(one.id for one in seen)
    lanes = collections.defaultdict(set)
    for one in seen:
        if one.key is not None:
            lanes[one.key].add(one.lane)
    wanted = [event for event in ledger.values() if event.taken and event.fate == fate]
    known = [one for one in seen if one.id in ledger]
    return Verdict(
        missing=[event.id for event in wanted if event.id not in counts],
        foreign=sorted({i for i in counts if i not in ledger or ledger[i].fate != fate}),
        altered=sorted({one.id for one in known if one.body != ledger[one.id].body}),
        reordered=_reordered(ledger, seen),
        split=sorted(key for key, places in lanes.items() if len(places) > 1),
        copies={event_id: count for event_id, count in counts.items() if count > 1},
    )

