"""Whether receivers that keep one state for each incident were left with the right one, and got to it the right way."""

import collections

from findings import Findings


def judge_pager(incidents, unknown):
    """
    incidents: of a PagerDutyReceiver, after everything was delivered and every migration has ended.
    unknown: how often something was said there of what had never begun, by what was said.
    """
    findings = Findings()
    for incident in incidents:
        if not incident.key.startswith("run-"):
            continue  # What it is about may go on.
        if incident.openings > 1:
            findings.doubled(f"pager: {incident.key} was opened {incident.openings} times")
        # A bad end of which nothing was known before is for somebody to see to, who resolves it.
        if incident.standing != "resolved" and not incident.is_about_end:
            findings.without_end(f"pager: {incident.key} is over and left {incident.standing}")
    if unknown["acknowledge"]:
        findings.wrong(f"pager: {unknown['acknowledge']} acknowledgement(s) of what it was never told of")
    return findings


def judge_page(incidents, component, begun, known):
    """
    incidents, component: of a StatuspageReceiver, after everything was delivered and every migration has ended.
    begun: the keys of the incidents that the page is told of and of whose begin another receiver has heard.
    known: the keys of all that others have heard of.
    """
    findings = Findings()
    by_key = collections.defaultdict(list)
    for incident in incidents:
        by_key[incident.key].append(incident)
    for key, group in by_key.items():
        place = f"page: {key} ({', '.join(incident.id for incident in group)})"
        if len(group) > 1:
            findings.doubled(f"{place}: opened {len(group)} times")
        if key not in known:
            findings.wrong(f"{place}: nobody else has heard of it")
        for incident in group:
            if incident.status != "resolved":
                findings.without_end(f"{place}: over and left {incident.status}")
            for earlier, later in zip(incident.updates, incident.updates[1:]):
                if (earlier.status, earlier.body) == (later.status, later.body):
                    findings.doubled(
                        f"{place}: customers were told “{later.status}: {later.body}” again {later.at - earlier.at:.2f} s later")
                elif earlier.status == "resolved":
                    findings.wrong(f"{place}: customers were told “{later.status}: {later.body}” after its end")
    for key in sorted(begun - by_key.keys()):
        findings.lost(f"page: {key} was told to others and never shown")
    if component != "operational":
        findings.without_end(f"page: the component is left {component}")
    return findings
