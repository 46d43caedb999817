"""Whether silences kept news back, and nothing but that; and whether acknowledgements were told."""

import collections

from arrivals import Answer
from delivery_ledger import mailbox
from findings import Findings
from silences import uncovered

#: The agent looks at what a silence has let go of within a second; times of one instant differ by less than the other.
_NEXT_STEP, _INSTANT = 1.5, 0.05
#: After a start it takes so long to tell what is going on.
_START = 0.5


def judge_silence(untold, silences, deaths):
    """
    What was told to nobody was silenced from when the agent saw its begin to when it saw its end.

    untold: the incidents of migrations that nobody was told of: id, database, and when the agent saw begin and end, by its API.
    deaths: when the agent was killed and when it was ready again.
    """
    findings = Findings()
    for incident, database, opened, closed in untold:
        windows = [silence.possible for silence in silences if silence.database == database]
        # A dead agent tells nothing.
        dead = [(killed, ready + _START) for killed, ready in deaths]
        for what, at in (("begin", opened), ("end", closed)):
            if not any(begin - _INSTANT <= at <= end + _INSTANT for begin, end in windows):
                findings.lost(
                    f"{incident} of {database} was told to nobody, though at its {what}, seen at {at:.2f}, nothing silenced it")
                break
        else:
            audible = uncovered(opened, closed, windows + dead)
            if audible > _NEXT_STEP:
                findings.lost(
                    f"{incident} of {database} was told to nobody, though from {opened:.2f} to {closed:.2f} nothing silenced it for "
                    f"{audible:.2f} s")
    return findings


def judge_quiet(arrivals, silences, seconds_of):
    """
    Nobody is told of what begins within a silence before the silence ends.

    arrivals: with `at` of time.time().
    seconds_of: makes seconds of an RFC 3339 time.
    """
    findings = Findings()
    first = {}
    begun = {}
    for arrival in arrivals:
        incident = arrival.message.incident
        first[incident] = min(arrival.at, first.get(incident, arrival.at))
        if arrival.message.begin:
            begun[incident] = (arrival.message.database, seconds_of(arrival.message.begin), arrival.message.title)
    for incident, (database, begin, title) in begun.items():
        for silence in silences:
            start, end = silence.certain
            if silence.database == database and start <= begin and first[incident] < end - _INSTANT:
                findings.wrong(
                    f"{incident} “{title}” of {database} began at {begin:.2f} and was told at {first[incident]:.2f}, within {silence}")
    return findings


def judge_acknowledgements(arrivals, acknowledgements, receivers):
    """
    Who was told of an incident is told that somebody looks after it, once.

    receivers: those that are told every word, whose messages say what was said.
    """
    findings = Findings()
    told = collections.defaultdict(set)
    mailboxes = collections.defaultdict(set)
    for arrival in arrivals:
        mailboxes[arrival.receiver].add(mailbox(arrival))
        if arrival.message.acknowledgement and arrival.answer is Answer.ACCEPT:
            told[mailbox(arrival), arrival.message.incident, arrival.message.acknowledgement].add(arrival.message.key)
    repeated = {acknowledged.comment for acknowledged in acknowledgements if acknowledged.is_repeated}
    for (place, incident, comment), keys in told.items():
        if len(keys) > 1 and comment not in repeated:
            findings.doubled(f"{place}: the acknowledgement {comment} of {incident} was told by {len(keys)} messages")
    for acknowledged in acknowledgements:
        if acknowledged.is_muted:
            continue  # Nobody hears of it before the silence ends, and by then it may be over.
        for receiver in acknowledged.told:
            for place in sorted(mailboxes[receiver]) if receiver in receivers else ():
                if (place, acknowledged.incident, acknowledged.comment) not in told:
                    findings.lost(f"{place}: not told of the acknowledgement {acknowledged.comment} of {acknowledged.incident}")
    return findings
