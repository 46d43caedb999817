extension Blocker {
    /// For people, short: `pid 4711 (idle in transaction)`, `prepared transaction 'billing-17'`.
    var name: String {
        if let gid { return "prepared transaction '\(gid)'" }
        if preventsWraparound { return "pid \(pid) (autovacuum against wraparound)" }
        let kind = backendType.isEmpty || backendType == "client backend" ? "session" : backendType
        return "pid \(pid) (\(state == .unknown || kind != "session" ? kind : state.rawValue))"
    }

    /// For people, in full: whose it is, from where, since when.
    func described(at now: Timestamp) -> String {
        var text = name
        if !user.isEmpty { text += " of \(user)" }
        if !applicationName.isEmpty { text += " (\(applicationName))" }
        if !clientAddress.isEmpty { text += " from \(clientAddress)" }
        if isIdleInTransaction, let since = stateChange { text += ", idle for \((now - since).readable)" }
        if let start = transactionStart { text += ", transaction open for \((now - start).readable)" }
        return text
    }

    var isIdleInTransaction: Bool { state == .idleInTransaction || state == .idleInTransactionAborted }

    /// Whether it is idle in its transaction for longer than a client takes between two statements.
    var isLeftIdle: Bool {
        guard isIdleInTransaction else { return false }
        guard let seenAt, let stateChange else { return true }
        return seenAt - stateChange > Standing.idleGrace
    }

    /// A vacuum that lets others pass: it is cancelled by whoever waits for it, after `deadlock_timeout`.
    var isYieldingVacuum: Bool { backendType == "autovacuum worker" && !preventsWraparound }

    var isDump: Bool { applicationName.hasPrefix("pg_dump") }

    /// On a standby: the process that replays the primary's WAL, its locks included. No function ends it.
    var isReplay: Bool { backendType == "startup" }

    /// What being at the root of a wait makes of it; `nil` for a session that simply works.
    var verdict: Verdict? {
        if preventsWraparound { return .wraparoundVacuum }
        if gid != nil { return .preparedTransaction }
        if isDump { return .backup }
        // How a migration stands is told by its own run.
        return run == nil && isLeftIdle ? .idleBlocker : nil
    }

    /// What tells more of it than its name, a sentence.
    var peculiarity: String? {
        switch verdict {
        case .wraparoundVacuum?:
            "pid \(pid) is an autovacuum that prevents transaction id wraparound: unlike an ordinary one it does not yield to anybody."
        case .preparedTransaction?:
            "A prepared transaction has no session: it keeps its locks over restarts until somebody commits it or rolls it back."
        case .backup?:
            "A pg_dump holds ACCESS SHARE on every table that it dumps until it is through."
        case .idleBlocker?:
            state == .idleInTransactionAborted
                ? "pid \(pid) failed and waits for its client's ROLLBACK."
                : "pid \(pid) keeps its locks and sends nothing; cancelling does nothing to an idle session."
        default:
            if let run {
                "pid \(pid) is a migration, too: run \(run) of \(MigrationTool.displayName(of: tool ?? MigrationTool.manual))."
            } else if isReplay {
                "pid \(pid) replays a lock that a transaction on the primary has taken."
            } else if isYieldingVacuum {
                "pid \(pid) is an ordinary autovacuum: it yields by itself after deadlock_timeout (1s as a rule)."
            } else {
                nil
            }
        }
    }

    /// How to get it out of the way.
    ///
    /// - Parameter cancel: the statement that cancels the migration which waits for it, if it is one.
    func removals(cancel: String?) -> [Finding.Action] {
        switch verdict {
        case .wraparoundVacuum?:
            let action = "Let the vacuum of pid \(pid) finish: it begins anew as often as it is cancelled"
            return [
                cancel.map { .init("Cancel the migration, so that nobody queues behind it", command: $0) },
                .init(action + "; then run the migration again"),
            ].compactMap(\.self)
        case .preparedTransaction?:
            let gid = (gid ?? "").replacing("'", with: "''")
            let place = database.isEmpty ? "" : ", in database \(database)"
            return [
                .init(
                    "Ask the transaction manager which it is to be; if it was not committed elsewhere, roll it back (as \(user.isEmpty ? "its owner" : user)\(place))",
                    command: "ROLLBACK PREPARED '\(gid)'"),
                .init("Or, if it was, commit it", command: "COMMIT PREPARED '\(gid)'"),
            ]
        case .backup?:
            return [
                .init("Wait until the dump is through and run the migration then, or stop the dump", command: remedy)
            ]
        case .idleBlocker?:
            return [
                .init(
                    "Ask \(user.isEmpty ? "its owner" : user) to finish, or end pid \(pid) (it rolls back)",
                    command: remedy)
            ]
        default:
            return [removal]
        }
    }

    private var removal: Finding.Action {
        if let run {
            return .init("Wait for it, and look at run \(run) if that takes too long: it is a migration, too")
        }
        if isReplay {
            return .init("End the transaction on the primary whose lock pid \(pid) replays: here nothing can")
        }
        if isYieldingVacuum { return .init("Wait: the autovacuum of pid \(pid) gives way by itself") }
        if isIdleInTransaction {
            return .init(
                "Wait for pid \(pid) to commit: it sends one statement after another. Or end it (it rolls back)",
                command: remedy)
        }
        return state == .active
            ? .init("Cancel the query of pid \(pid) in its way, unless it is about to end", command: remedy)
            : .init("End \(name), if it can be spared (it rolls back)", command: remedy)
    }
}
