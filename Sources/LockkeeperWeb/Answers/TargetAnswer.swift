import LockkeeperCore

/// `GET /api/v1/targets`. Keys are written in snake_case, times in RFC 3339, durations in seconds.
struct TargetsAnswer: Encodable {
    let targets: [TargetAnswer]
}

/// A target in the JSON API.
struct TargetAnswer: Encodable {
    let name: String
    let labels: [String: String]
    let databases: [String]
    /// `up`, `down`, or `unknown` before the first look.
    let state: String
    let failure: FailureAnswer?
    let lastSeenAt: String?
    let lastSampleSeconds: Double?
    let server: ServerAnswer?
    let warnings: [String]
    let runningMigrations: Int
    let sessions: Int?
    let lockWaiters: Int?
    let oldestTransactionSeconds: Double?
    /// Where several agents watch the target and elect a leader.
    let leadership: LeadershipAnswer?

    struct FailureAnswer: Encodable {
        let reason: String
        let message: String
        let sqlstate: String?

        init(_ failure: SampleFailure) {
            reason = failure.reason.rawValue
            message = failure.message
            sqlstate = failure.sqlstate
        }
    }

    struct ServerAnswer: Encodable {
        let versionNumber: Int
        /// As the server says it: `15.18`, `9.6.24`.
        let version: String
        let startedAt: String
        let isInRecovery: Bool
        let role: String
        let canReadAllStats: Bool
        let pooler: String?

        init(_ server: Server) {
            versionNumber = server.versionNumber
            // From 10 on there are two parts (PostgreSQL manual, `PQserverVersion`).
            version =
                server.versionNumber >= 100_000
                ? "\(server.versionNumber / 10_000).\(server.versionNumber % 10_000)"
                : "\(server.versionNumber / 10_000).\(server.versionNumber / 100 % 100).\(server.versionNumber % 100)"
            startedAt = server.startedAt.rfc3339
            isInRecovery = server.isInRecovery
            role = server.role
            canReadAllStats = server.canReadAllStats
            pooler = server.pooler
        }
    }

    init(_ status: TargetStatus) {
        name = status.name
        labels = status.labels
        databases = status.databases
        state =
            switch status.isUp {
            case true?: "up"
            case false?: "down"
            case nil: "unknown"
            }
        failure = status.failure.map(FailureAnswer.init)
        lastSeenAt = status.lastSeenAt?.rfc3339
        lastSampleSeconds = status.lastSampleDuration?.inSeconds
        server = status.server.map(ServerAnswer.init)
        warnings = status.warnings
        runningMigrations = status.runningMigrations
        sessions = status.sessions
        lockWaiters = status.lockWaiters
        oldestTransactionSeconds = status.oldestTransaction?.inSeconds
        leadership = status.leadership.map(LeadershipAnswer.init)
    }
}
