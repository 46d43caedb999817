import LockkeeperCore

extension Timestamp {
    static let noon = Timestamp(microseconds: 1_780_000_000_000_000)
}

extension Notification {
    static func example(
        incident: String = "run-1", reason: Reason = .opened, severity: Severity = .warning, at: Timestamp = .noon
    ) -> Notification {
        Notification(
            incidentID: incident, reason: reason, severity: severity, isResolved: reason == .resolved,
            title: "Migration 0042 on app is blocked „hier“ 🔒", since: at - .seconds(65), at: at,
            duration: .seconds(65) + .microseconds(1),
            facts: IncidentFacts(
                target: "app", labels: ["env": "prod"], summary: "It waits.",
                details: [.init("statement", "ALTER TABLE \"orders\"\nADD x int", isCode: true)],
                actions: [.init("End it", command: "SELECT pg_terminate_backend(7)")], run: "1"),
            timeline: [TimelineEntry(at: at, severity: severity, text: "began")], link: "https://example.org/i/1",
            sender: "test 1.0")
    }
}

extension Delivery {
    static func example(
        _ id: String, incident: String = "run-1", receiver: String = "slack", sequence: Int = 1,
        severity: Severity = .warning, at: Timestamp = .noon
    ) -> Delivery {
        Delivery(
            id: id, incidentID: incident, receiver: receiver, sequence: sequence,
            notification: .example(incident: incident, severity: severity, at: at), plannedAt: at)
    }

    /// As an attempt that succeeded leaves it.
    func delivered(at time: Timestamp) -> Delivery {
        var copy = self
        copy.status = .delivered
        copy.finishedAt = time
        return copy
    }

    /// As an attempt that is worth another one leaves it.
    func toRetry(at time: Timestamp, error: String = "answered 503") -> Delivery {
        var copy = self
        copy.nextAttemptAt = time
        copy.lastError = error
        return copy
    }
}

extension Incident {
    static func example(
        _ id: String = "run-1", run: String? = "1", target: String = "app", severity: Severity = .warning,
        openedAt: Timestamp = .noon, closedAt: Timestamp? = nil
    ) -> Incident {
        var incident = Incident(
            id: id,
            subject: run.map { .migration(run: $0, target: target) } ?? .alerts(name: "TargetDown", target: target),
            severity: severity, openedAt: openedAt, facts: IncidentFacts(target: target, summary: "It waits."),
            firing: [
                "alertname=X": IncidentAlert(
                    name: "X", severity: severity, labels: ["a": "b"], annotations: ["summary": "s"],
                    activeAt: openedAt)
            ],
            timeline: [TimelineEntry(at: openedAt, severity: .info, text: "began")],
            listeners: [
                "slack": Listener(messages: 2, severity: severity, at: openedAt),
                "mail": Listener(messages: 1, severity: severity, at: openedAt),
            ], labels: ["target": target])
        incident.firing["alertname=X"]?.audibleSince = openedAt
        incident.closedAt = closedAt
        incident.status = closedAt == nil ? .open : .closed
        return incident
    }
}

extension MigrationRun {
    static func example(
        _ id: String = "1", target: String = "app", tool: String = "drizzle", begin: Timestamp = .noon,
        end: Timestamp? = nil, outcome: Outcome? = nil
    ) -> MigrationRun {
        MigrationRun(
            id: id, target: target, database: "shop", tool: tool, migrations: ["0042_orders"], user: "deploy",
            sessions: [SessionIdentity(pid: 77, backendStart: begin)], begin: begin, end: end,
            statements: [.init(text: "ALTER TABLE orders ADD x int", begin: begin, pid: 77)], statementCount: 1,
            outcome: outcome,
            standing: Standing(
                state: .blocked, waitingSince: begin, waitingFor: "ACCESS EXCLUSIVE on public.orders",
                rootBlockers: [Blocker(pid: 9, state: .idleInTransaction, query: "SELECT 1")]))
    }
}

/// A generator whose numbers are the same every time (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
