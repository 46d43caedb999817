/// A run that is open, with what the tracker must know to follow it and to tell in the end how it went.
public struct TrackedRun: Sendable, Hashable, Codable {
    public var run: MigrationRun
    var client: Client
    var transactions: [TrackedTransaction]
    /// Since when nothing of it goes on any more; it ends when that has lasted a while.
    var quietSince: Timestamp?
    /// Since when, by looks without a gap, what is still missing has been waited for.
    var evidenceWantedSince: Timestamp?
    /// What the history tables have gained meanwhile.
    var newEntries: [HistoryEntry] = []
    /// The tool that those entries belong to.
    var historyTool: String?
    /// Whether a session of it has named its tool; else it is taken to be of the tool whose history the database has.
    var isToolNamed: Bool?
    /// Whether an entry of a history in its database has gone meanwhile, or was written anew: a migration was taken back or repeated, by this
    /// run most likely.
    var hasHistoryChanged: Bool?
    /// Whether it was seen to change something, rather than only to wait for the lock of its tool.
    var didWork: Bool?
    /// How many transactions that committed have been forgotten, since there were too many to keep.
    var forgottenCommits: Int?
    /// When another start of the server was noticed while it was open.
    var serverRestartedAt: Timestamp?
    /// How far its commands are.
    var estimate: ProgressEstimate?
    /// The sequence that gives the rows of its tool's history their keys, where that can be read.
    var sequence: HistorySequence?
    /// Whether its tool had no history in the database when it began: then it makes one.
    var hadNoHistory: Bool?

    /// A history's sequence rises by one for each migration that is done, also while nothing is committed.
    struct HistorySequence: Sendable, Hashable, Codable {
        /// The oid of the history's table.
        var table: UInt32
        /// Its value before the run.
        var before: Int64
        var value: Int64
    }

    /// Whom a run belongs to, as far as the server can tell.
    struct Client: Sendable, Hashable, Codable {
        var database: String
        var user: String
        var address: String
        var applicationName: String

        init(_ session: Session) {
            database = session.database
            user = session.user
            address = session.clientAddress
            applicationName = session.applicationName
        }
    }

    init(run: MigrationRun, client: Client) {
        self.run = run
        self.client = client
        self.transactions = []
    }

    var hasOpenTransaction: Bool { transactions.contains { $0.endedAt == nil } }

    func isMember(_ session: Session) -> Bool { run.sessions.contains(session.identity) }

    /// Takes from the run the entries that, as has turned out, it cannot have written.
    mutating func giveBackStrays() -> (entries: [HistoryEntry], tool: String) {
        let strays = newEntries.filter { authorship(of: $0) == .impossible }
        let tool = historyTool ?? run.tool
        newEntries.removeAll { strays.contains($0) }
        if newEntries.isEmpty { historyTool = nil }
        return (strays, tool)
    }

    /// Takes in how far the sequence of the history is.
    ///
    /// - Parameter isAlone: whether no other run of the tool is under way in the database.
    mutating func followSequence(in observation: Observation, isAlone: Bool) {
        // Who of the two has moved it cannot be told.
        guard isAlone else {
            (sequence, hadNoHistory) = (nil, nil)
            return
        }
        if let table = sequence?.table, let value = observation.sequenceValues[table] { sequence?.value = value }
    }

    /// Takes in what the server counts for those of the run's sessions that are at work, and says how far it is.
    ///
    /// - Parameter folder: of the run's tool.
    mutating func advance(
        _ sessions: [Session], in observation: Observation, folder: MigrationFolder?
    ) -> RunProgress? {
        let pids = Set(sessions.map(\.pid))
        var estimate = estimate ?? ProgressEstimate()
        var progress = estimate.advance(
            observation.progress.filter { pids.contains($0.pid) }, at: observation.serverTime,
            queries: Dictionary(sessions.map { ($0.pid, $0.query) }, uniquingKeysWith: { first, _ in first }))
        self.estimate = estimate
        if let step = step(sessions, folder: folder) {
            progress = progress ?? RunProgress()
            progress?.step = step
        }
        return progress
    }

    /// How many of its migrations are done, and which statement of which one runs: as far as the history, its sequence and the folder tell.
    private func step(_ sessions: [Session], folder: MigrationFolder?) -> RunProgress.Step? {
        let total = run.migrations.isEmpty ? nil : run.migrations.count
        // One transaction for all of them shows none in the history before its end.
        let applied = newEntries.count { $0.state == .applied }
        let counted = sequence.map { Int(clamping: max(0, $0.value - $0.before)) }
        // A sequence that somebody else has moved tells nothing.
        let passed = counted.flatMap { count in total.map { count <= $0 } ?? false ? count : nil }
        let done = max(applied, passed ?? 0)
        let isKnown = done > 0 || passed != nil
        let place = sessions.lazy.filter { $0.state == .active }.compactMap { session in
            folder?.place(of: session.query, among: run.migrations)
        }.first
        guard isKnown || place != nil else { return nil }
        return .init(
            migrationsDone: isKnown ? done : nil, migrationsTotal: total.flatMap { $0 >= done ? $0 : nil },
            migration: place?.migration, statement: place?.statement, statementsTotal: place?.statementCount)
    }

    /// The most transactions that are kept: a backfill in batches has thousands.
    private static let keptTransactions = 64

    /// Forgets the oldest transactions whose fate is known, when there are too many; the last one decides the outcome and stays.
    mutating func forgetSettledTransactions() {
        while transactions.count > Self.keptTransactions,
            let index = transactions.dropLast().firstIndex(where: \.isSettled)
        {
            if transactions.remove(at: index).fate == .committed { forgottenCommits = (forgottenCommits ?? 0) + 1 }
        }
    }

    /// The most that is kept of each end of the list of statements.
    private static let keptAtBegin = 10, keptAtEnd = 40
    /// The most that is kept of a statement, in characters.
    private static let keptText = 1000

    /// Notes the statement that the session shows, unless it is the one noted last for it.
    mutating func note(statementOf session: Session, privacy: QueryTextPrivacy) {
        guard let begin = session.queryStart, !session.query.isEmpty,
            run.statements.last(where: { $0.pid == session.pid })?.begin != begin
        else { return }
        run.statements.append(
            .init(text: privacy.shown(session.query, limit: Self.keptText), begin: begin, pid: session.pid))
        run.statementCount += 1
        if run.statements.count > Self.keptAtBegin + Self.keptAtEnd { run.statements.remove(at: Self.keptAtBegin) }
    }
}

/// A transaction of a run, from its first sight to its fate. An autocommitted statement is one, too.
struct TrackedTransaction: Sendable, Hashable, Codable {
    var session: SessionIdentity
    var start: Timestamp
    var transactionID: UInt64?
    var fate: TransactionFate?
    /// How it stood when last seen open.
    var lastState: Session.State
    /// Whether it waited for a lock when last seen open, and for whom: session and start of the transaction.
    var waitedBehind: [Hindrance] = []
    var wasWaiting = false
    /// Whether it was seen in the state `idle in transaction (aborted)`: a statement of it had failed.
    var hasFailedStatement = false
    /// When it ended, or was first seen to have ended.
    var endedAt: Timestamp?
    /// Until when at least it was open, once it has ended.
    var surelyOpenUntil: Timestamp?
    /// Whether its session was gone when its end was noticed.
    var endedWithSession = false
    /// How many sessions of the database had been terminated when it was last seen open.
    var killedBefore: Int64?
    /// Whether a session of the database was terminated between then and its end; `nil` where the server does not tell.
    var wasKilled: Bool?
    /// Whether whoever it had waited behind was still in the way when its end was noticed.
    var endedBehindHindrance = false
    /// COMMIT or ROLLBACK, where that was the session's last statement.
    var closedByCommit: Bool?
    /// Whether a change of the schema was seen in it.
    var changedSchema: Bool?

    struct Hindrance: Sendable, Hashable, Codable {
        var session: SessionIdentity
        var transactionStart: Timestamp?
    }

    init(_ session: Session, start: Timestamp) {
        self.session = session.identity
        self.start = start
        self.lastState = session.state
    }

    /// Whether the session is still in this transaction. One that has failed and waits for its ROLLBACK shows no start any more
    /// (`AbortTransaction` in xact.c reports 0).
    func isStill(openIn session: Session) -> Bool {
        endedAt == nil && session.identity == self.session
            && (session.transactionStart == start
                || session.transactionStart == nil && session.state == .idleInTransactionAborted)
    }

    /// Whether it is known to have left nothing behind.
    var isRolledBack: Bool {
        fate == .aborted || closedByCommit == false
            || transactionID == nil && wasWaiting && endedBehindHindrance
    }

    /// Whether it ended at a time in which nobody looked, so that more may have happened before it was noticed.
    var endedUnseen: Bool {
        guard let endedAt, let surelyOpenUntil else { return false }
        return endedAt - surelyOpenUntil > MigrationTracker.linger
    }

    var isSettled: Bool {
        endedAt != nil && (transactionID == nil || fate == .committed || fate == .aborted)
    }
}
