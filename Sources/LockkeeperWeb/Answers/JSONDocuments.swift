import FoundationEssentials
public import LockkeeperCore

/// The JSON API's documents for those who have no server: what `--json` prints is what the API answers.
public enum JSONDocuments {
    /// As `GET /api/v1/migrations`.
    public static func migrations(_ runs: [RunSnapshot]) throws -> String {
        try text(MigrationsAnswer(migrations: runs.map { MigrationAnswer($0) }))
    }

    /// As `GET /api/v1/migrations/{run}`.
    public static func migration(_ run: RunSnapshot) throws -> String {
        try text(MigrationAnswer(run, isDetailed: true))
    }

    /// As `GET /api/v1/incidents`.
    public static func incidents(_ incidents: [Incident]) throws -> String {
        try text(IncidentsAnswer(incidents: incidents.map { IncidentAnswer($0) }))
    }

    /// As `GET /api/v1/incidents/{id}`.
    public static func incident(_ incident: Incident, deliveries: [Delivery]) throws -> String {
        try text(IncidentAnswer(incident, deliveries: deliveries))
    }

    /// As `GET /api/v1/deliveries`.
    public static func deliveries(_ deliveries: [Delivery]) throws -> String {
        try text(DeliveriesAnswer(deliveries: deliveries.map(DeliveryAnswer.init)))
    }

    /// What is found on a server that no agent watches: with the findings of `GET /api/v1/findings` and the waits of `GET /api/v1/locks`.
    public static func assessment(
        target: String, at: Timestamp, server: Server?, findings: [Finding], locks: LockOverview?,
        failure: SampleFailure?
    ) throws -> String {
        try text(
            AssessmentAnswer(
                target: target, at: at.rfc3339, server: server.map(TargetAnswer.ServerAnswer.init),
                failure: failure.map(TargetAnswer.FailureAnswer.init), findings: findings.map(FindingAnswer.init),
                locks: locks.map { TargetLocksAnswer(TargetLocks(target: target, overview: $0)) }))
    }

    private static func text(_ document: some Encodable) throws -> String {
        String(decoding: try JSONEncoder.answers.encode(document), as: UTF8.self)
    }
}
