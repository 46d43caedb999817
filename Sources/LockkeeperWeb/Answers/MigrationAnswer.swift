import LockkeeperCore

/// `GET /api/v1/migrations`, newest first.
struct MigrationsAnswer: Encodable {
    let migrations: [MigrationAnswer]
}

/// A run of a migration in the JSON API.
struct MigrationAnswer: Encodable {
    let run: String
    /// The incident of the run.
    let incidentID: String
    let target: String
    let database: String
    let tool: String
    let migrations: [String]
    let user: String
    let applicationName: String
    let clientAddress: String
    let begin: String
    let end: String?
    let durationSeconds: Double
    let isRunning: Bool
    let wasUnderwayAtFirstLook: Bool
    /// `committed`, `failed`, `cancelled` or `lost`; missing while it runs.
    let outcome: String?
    /// What supports the outcome, one sentence.
    let evidence: String?
    /// What the history has gained by it.
    let versions: [String]?
    /// How it stands; missing once it has ended.
    let standing: StandingAnswer?
    let statementCount: Int
    let lastStatement: StatementAnswer?
    /// In the detailed answer only.
    let statements: [StatementAnswer]?
    /// In the detailed answer only.
    let sessions: [SessionAnswer]?
    /// How far the comparison of queries before and after is: `waiting`, `preliminary`, `final`, `without_baseline` or `not_comparable`;
    /// missing while nothing is known.
    let queryReview: String?
    /// Why nothing could be compared.
    let queryReviewReason: String?
    /// The runs that went on at the same time in the same database; missing where there were none.
    let overlappingRuns: [String]?
    /// How many queries were called often enough to be compared.
    let comparedQueries: Int?
    /// In the detailed answer only.
    let queryChanges: [QueryChangeAnswer]?
    /// In the detailed answer only.
    let databaseWork: DatabaseWorkAnswer?

    init(_ snapshot: RunSnapshot, isDetailed: Bool = false) {
        let run = snapshot.run
        self.run = run.id
        incidentID = "run-" + run.id
        target = run.target
        database = run.database
        tool = run.tool
        migrations = run.migrations
        user = run.user
        applicationName = run.applicationName
        clientAddress = run.clientAddress
        begin = run.begin.rfc3339
        end = run.end?.rfc3339
        durationSeconds = run.duration(at: snapshot.serverTime).inSeconds
        isRunning = run.isRunning
        wasUnderwayAtFirstLook = run.wasUnderwayAtFirstLook
        outcome = run.outcome?.label
        evidence = run.outcome?.evidence
        if case .committed(let versions)? = run.outcome { self.versions = versions } else { versions = nil }
        standing = run.isRunning ? StandingAnswer(run.standing, at: snapshot.serverTime) : nil
        statementCount = run.statementCount
        lastStatement = run.statements.last.map(StatementAnswer.init)
        statements = isDetailed ? run.statements.map(StatementAnswer.init) : nil
        sessions = isDetailed ? run.sessions.map(SessionAnswer.init) : nil
        queryReview = run.review?.standing.rawValue
        queryReviewReason = run.review?.reason
        overlappingRuns = run.review.flatMap { $0.overlapping.isEmpty ? nil : $0.overlapping }
        comparedQueries = run.review?.comparedQueries
        queryChanges = isDetailed ? run.review?.changes.map(QueryChangeAnswer.init) : nil
        databaseWork = isDetailed ? run.review?.work.map(DatabaseWorkAnswer.init) : nil
    }
}

/// Who is in a run's way, and in whose way it is.
struct StandingAnswer: Encodable {
    let state: String
    /// How long it has been waiting for a lock; 0 while it does not.
    let waitingSeconds: Double
    let waitingFor: String?
    let rootBlockers: [BlockerAnswer]
    let blockedSessions: Int
    /// The longest wait of a session that it holds up; 0 while it holds up none.
    let blockedSeconds: Double
    let strongestLock: String?
    /// How far it is, as far as that is known.
    let progress: ProgressAnswer?
    /// Whom it holds up; missing while nobody.
    let impact: ImpactAnswer?
    /// The process at the other end of its session, where the agent can know it.
    let client: ClientAnswer?

    init(_ standing: Standing, at serverTime: Timestamp) {
        state = standing.state.rawValue
        waitingSeconds = standing.waitingSince.map { age(of: $0, at: serverTime) } ?? 0
        waitingFor = standing.waitingFor
        rootBlockers = standing.rootBlockers.map { BlockerAnswer($0, at: serverTime) }
        blockedSessions = standing.blockedSessions
        blockedSeconds = standing.blockedSince.map { age(of: $0, at: serverTime) } ?? 0
        strongestLock = standing.strongestLock
        progress = standing.progress.map(ProgressAnswer.init)
        impact = standing.impact.map { ImpactAnswer($0, at: serverTime) }
        client = standing.client.map(ClientAnswer.init)
    }
}

struct ClientAnswer: Encodable {
    /// For people: name, pid, state and use of a process; or why it is taken to be gone.
    let text: String
    let isGone: Bool
    let goneSince: String?

    init(_ client: ClientSighting) {
        text = client.text
        isGone = client.isGone
        goneSince = client.goneSince?.rfc3339
    }
}

/// Whom a run holds up.
struct ImpactAnswer: Encodable {
    let total: Int
    /// How many of them wait for a lock that it holds; the others are queued behind those, or behind it.
    let direct: Int
    /// The longest waits first; not all of many.
    let victims: [VictimAnswer]

    struct VictimAnswer: Encodable {
        let pid: Int32
        let user: String
        let database: String
        let applicationName: String
        let clientAddress: String
        let waitingSeconds: Double
        let waitingFor: String
        let isQueued: Bool
        let query: String
    }

    init(_ impact: Impact, at serverTime: Timestamp) {
        total = impact.total
        direct = impact.direct
        victims = impact.victims.map { victim in
            VictimAnswer(
                pid: victim.pid, user: victim.user, database: victim.database,
                applicationName: victim.applicationName, clientAddress: victim.clientAddress,
                waitingSeconds: age(of: victim.waitingSince, at: serverTime), waitingFor: victim.waitingFor,
                isQueued: victim.isQueued, query: victim.query)
        }
    }
}

struct BlockerAnswer: Encodable {
    /// Missing for a prepared transaction.
    let pid: Int32?
    /// Of a prepared transaction.
    let gid: String?
    let user: String
    let database: String
    let applicationName: String
    let clientAddress: String
    let backendType: String
    let state: String
    let transactionSeconds: Double?
    /// How long it has been in its state.
    let stateSeconds: Double?
    let query: String
    /// The statement that gets it out of the way.
    let remedy: String

    init(_ blocker: Blocker, at serverTime: Timestamp) {
        pid = blocker.gid == nil ? blocker.pid : nil
        gid = blocker.gid
        user = blocker.user
        database = blocker.database
        applicationName = blocker.applicationName
        clientAddress = blocker.clientAddress
        backendType = blocker.backendType
        state = blocker.state.rawValue
        transactionSeconds = blocker.transactionStart.map { age(of: $0, at: serverTime) }
        stateSeconds = blocker.stateChange.map { age(of: $0, at: serverTime) }
        query = blocker.query
        remedy = blocker.remedy
    }
}

struct StatementAnswer: Encodable {
    let text: String
    let begin: String
    let pid: Int32

    init(_ statement: MigrationRun.Statement) {
        text = statement.text
        begin = statement.begin.rfc3339
        pid = statement.pid
    }
}

struct SessionAnswer: Encodable {
    let pid: Int32
    let backendStart: String

    init(_ session: SessionIdentity) {
        pid = session.pid
        backendStart = session.backendStart.rfc3339
    }
}

/// Seconds, never negative: what began after the time of the snapshot has just begun.
func age(of begin: Timestamp, at serverTime: Timestamp) -> Double {
    max(.zero, serverTime - begin).inSeconds
}
