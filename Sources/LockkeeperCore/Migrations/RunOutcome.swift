extension TrackedRun {
    /// How the run went, from everything that was seen of it. Evidence never quotes a query.
    ///
    /// - Parameter recordedNothing: whether the history of its tool is known to be as it was before the run.
    func concludedOutcome(recordedNothing: Bool, entryName: (HistoryEntry) -> String) -> Outcome {
        let versions = newEntries.filter { $0.state == .applied }.map(entryName)
        let unfinished = newEntries.filter { $0.state == .failed || $0.state == .unfinished }
        if let entry = unfinished.first {
            return .failed(
                evidence:
                    "the tool's history records \(entryName(entry)) as \(entry.state.rawValue)\(applied(versions))")
        }
        guard let last = transactions.max(by: { $0.start < $1.start }) else {
            return versions.isEmpty ? .lost(evidence: Self.untraced) : .committed(versions: versions)
        }
        if didWork == false, transactions.allSatisfy({ $0.transactionID == nil }), versions.isEmpty {
            // It had waited for another run of its tool, and found that nothing was left to apply.
            return .committed(versions: [])
        }
        switch last.fate {
        case .committed:
            // An error right after a COMMIT in the middle is over before anybody sees it.
            return recordedNothing && transactions.contains { $0.changedSchema == true && $0.fate == .committed }
                ? .lost(evidence: Self.unrecorded) : .committed(versions: versions)
        case .aborted: return aborted(last, versions: versions)
        case .inProgress, nil: break
        }
        if !versions.isEmpty || last.closedByCommit == true { return .committed(versions: versions) }
        if last.closedByCommit == false || last.hasFailedStatement { return aborted(last, versions: versions) }
        if let serverRestartedAt {
            return .lost(
                evidence:
                    "the server was restarted (at \(serverRestartedAt.readable)) while it ran; an open transaction does not survive that"
            )
        }
        if last.wasWaiting {
            // It held nothing yet and so had no transaction id. If the way became free it went through, else it was ended.
            return last.endedBehindHindrance || last.wasKilled == true
                ? aborted(last, versions: versions) : .committed(versions: versions)
        }
        return wasTooQuick(last)
            ? .unseen(evidence: "\(Self.tooQuick)\(applied([]))") : .lost(evidence: Self.untraced)
    }

    /// Whether there was nothing to see, rather than nobody who looked: a statement by hand that was over at once, in a run of which
    /// nothing is known to have gone wrong. A tool would have left an entry in its history.
    private func wasTooQuick(_ last: TrackedTransaction) -> Bool {
        guard let endedAt = last.endedAt, run.tool == MigrationTool.manual, last.wasKilled != true else { return false }
        return endedAt - last.start <= MigrationTracker.linger && !transactions.contains(where: \.isRolledBack)
    }

    private static let tooQuick =
        "it was over too quickly to see whether it succeeded: PostgreSQL does not tell that of a statement that is over"

    private static let unrecorded =
        "it changed the schema and committed, but its tool's history has gained no entry: it stopped in the middle, or does not record what it does"

    private static let untraced =
        "it ended between two looks and left nothing that tells how: no history entry, no transaction id"

    private func aborted(_ last: TrackedTransaction, versions: [String]) -> Outcome {
        let before = applied(versions)
        if let serverRestartedAt {
            return .lost(
                evidence:
                    "the server was restarted (at \(serverRestartedAt.readable)) and its transaction rolled back\(before)"
            )
        }
        if last.hasFailedStatement {
            return .failed(evidence: "a statement of it failed, and its transaction was rolled back\(before)")
        }
        let behind = last.waitedBehind.map { "pid \($0.session.pid)" }.joined(separator: ", ")
        let wait = "while it waited for a lock\(behind.isEmpty ? "" : " behind \(behind)")"
        let doing =
            last.wasWaiting && last.endedBehindHindrance
            ? wait : last.lastState == .active ? "in the middle of a statement" : "with its transaction open"
        if last.endedWithSession, last.wasKilled != false {
            let why =
                last.wasKilled == true
                ? "its session was terminated" : "its session was terminated or its client went away"
            return .cancelled(evidence: "\(why) \(doing); the transaction was rolled back\(before)")
        }
        if last.wasWaiting, last.endedBehindHindrance {
            return .cancelled(evidence: "it was cancelled or ran into lock_timeout or a deadlock \(wait)\(before)")
        }
        if last.endedWithSession {
            return .failed(
                evidence:
                    "its client left \(doing), after an error most likely (nobody terminated it); the transaction was rolled back\(before)"
            )
        }
        return .failed(evidence: "its transaction was rolled back\(before)")
    }

    private func applied(_ versions: [String]) -> String {
        if !versions.isEmpty { return "; applied before that: \(versions.joined(separator: ", "))" }
        let committed = transactions.count { $0.fate == .committed } + (forgottenCommits ?? 0)
        return committed == 0 ? "" : "; \(committed) earlier transaction\(committed == 1 ? "" : "s") of it committed"
    }
}
