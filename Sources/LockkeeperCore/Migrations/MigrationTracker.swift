/// Follows the migrations of one target through its samples: who runs one, since when, how it stands, how it ends.
///
/// A value: the same samples in the same order yield the same events, whenever that is.
public struct MigrationTracker: Sendable, Hashable {
    public let target: String
    public private(set) var open: [TrackedRun]
    /// Names for history entries whose tool keeps none, and what a run is about to apply: from the migrations' folder.
    public var folder: MigrationFolder?
    /// How much is kept of queries' texts. What it takes away is gone before anything is kept.
    public var privacy: QueryTextPrivacy
    /// What is known of the processes at the other ends of sessions.
    var clients: [SessionIdentity: ClientSighting] = [:]
    /// The databases whose migrations are followed. A run that is open goes on to its end all the same.
    public var databases: DatabaseSelection

    private var knownHistory: [String: [String: Set<String>]]
    private var serverStartedAt: Timestamp?
    private var lastServerTime: Timestamp?
    /// The database that the connection leads to; `nil` before the first look.
    private var connectedDatabase: String?
    /// The newest reading of each database.
    private var readings: [String: HistoryReading] = [:]
    private var preparations: [TrackedRun.Client: Preparation] = [:]
    private var hasLockQueue = false
    /// How far the sequences of histories were at the last look, by the oid of the history's table; of the connection's database.
    private var sequenceValues: [UInt32: Int64] = [:]
    /// When runs were told to have ended though the history could not be read, by database.
    private var endedWithoutHistory: [String: [Timestamp]] = [:]

    /// What a client did before it turned out to be a migration.
    private struct Preparation: Sendable, Hashable {
        var begin: Timestamp
        var lastSeen: Timestamp
        var tool: String?
        var session: SessionIdentity
    }

    /// How long nothing may happen before a run counts as ended: tools pause between transactions.
    static let linger = Duration.seconds(2)
    /// The same when none of its sessions is left.
    static let lingerWithoutSessions = Duration.seconds(1)
    /// After this long the end is told without the evidence that is still missing.
    static let evidencePatience = Duration.seconds(10)
    /// How long after such an end an entry that appears in the history is taken to be of it.
    private static let lateHistory = Duration.seconds(300)
    /// How long a preparation is remembered.
    private static let preparationLife = Duration.seconds(5)

    public init(
        target: String, memory: TargetMemory = TargetMemory(), folder: MigrationFolder? = nil,
        privacy: QueryTextPrivacy = .normalized, databases: DatabaseSelection = .connected
    ) {
        self.target = target
        self.privacy = privacy
        self.databases = databases
        self.open = memory.openRuns
        self.knownHistory = memory.knownHistory
        self.serverStartedAt = memory.serverStartedAt
        self.folder = folder
    }

    public var memory: TargetMemory {
        TargetMemory(openRuns: open, knownHistory: knownHistory, serverStartedAt: serverStartedAt)
    }

    /// What the next looks should find out.
    public var inquiry: Inquiry {
        var inquiry = Inquiry(
            trackedPIDs: Set(open.flatMap { $0.run.sessions.map(\.pid) }).sorted(),
            transactionIDs: Set(
                open.flatMap { run in
                    run.transactions.filter { $0.endedAt != nil && !$0.isSettled }.compactMap(\.transactionID)
                }
            ).sorted(),
            isActive: !open.isEmpty || hasLockQueue,
            historyWanted: Set(
                open.filter { tracked in
                    tracked.quietSince.map { !hasReading(of: tracked.run.database, after: $0) } ?? false
                }
                .map(\.run.database)))
        // Also while nothing runs: what a run has done is told by the value before it. Not while others are at work: looks are frequent
        // then, and locks are many, all of which have to be gone through before a sequence may be touched.
        for database in readDatabases {
            let tables = readings[database]?.tables.filter { $0.tool == Self.toolWithSequence }.map(\.oid) ?? []
            let isAtWork = open.contains { $0.run.database == database && $0.run.tool == Self.toolWithSequence }
            let isKnown = tables.allSatisfy { sequenceValues[$0] != nil }
            guard !tables.isEmpty, isAtWork || !inquiry.isActive || !isKnown else { continue }
            inquiry.historyTables[database] = tables.sorted()
        }
        return inquiry
    }

    /// Drizzle numbers the rows of its history by a sequence, and commits all of a run's at once.
    private static let toolWithSequence = "drizzle"

    /// Whether and which tools keep their history in a database, as far as it has been read.
    public func histories(of database: String) -> HistoryReading? { readings[database] }

    /// The databases whose history tables have been looked for.
    public var readDatabases: [String] { readings.keys.sorted() }

    // MARK: - Looks

    public mutating func observe(_ observation: Observation, graph: WaitGraph? = nil) -> [RunEvent] {
        connectedDatabase = observation.server.database
        noticeRestart(observation)
        noticeGap(before: observation)
        let before = open
        let graph = graph ?? observation.waitGraph
        hasLockQueue = !graph.isEmpty
        let locks = Dictionary(grouping: observation.locks, by: \.pid)
        let sessions = SessionTable(observation.sessions)

        // Ends first: whether a session may join a run depends on what else of it is still busy.
        for index in open.indices { follow(&open[index], observation, sessions: sessions, graph: graph) }
        var events = assign(observation, locks: locks)
        for index in open.indices {
            follow(&open[index], observation, sessions: sessions, graph: graph)
            let members = members(of: open[index], observation)
            settle(&open[index], members, observation, all: sessions, locks: locks, graph: graph)
        }
        let startedIDs = Set(events.map(\.run.id))
        events = events.map { event in
            .started(open.first { $0.run.id == event.run.id }?.run ?? event.run)
        }
        for tracked in open where !startedIDs.contains(tracked.run.id) {
            let previous = before.first { $0.run.id == tracked.run.id }
            if previous?.run != tracked.run { events.append(.advanced(tracked.run)) }
        }
        events += conclude(at: observation.serverTime, present: Set(observation.sessions.map(\.identity)))
        forgetUnwatched()
        sequenceValues.merge(observation.sequenceValues) { $1 }
        lastServerTime = observation.serverTime
        preparations = preparations.filter { observation.serverTime - $0.value.lastSeen < Self.preparationLife }
        return events
    }

    /// Whether a database is one of those that the target is about.
    public func isWatched(_ database: String) -> Bool {
        databases.contains(database, connected: connectedDatabase ?? database)
    }

    /// What is known of a database that is watched no longer would be out of date when it is watched again.
    private mutating func forgetUnwatched() {
        func isWanted(_ database: String) -> Bool {
            isWatched(database) || open.contains { $0.run.database == database }
        }
        knownHistory = knownHistory.filter { isWanted($0.key) }
        readings = readings.filter { isWanted($0.key) }
    }

    private mutating func noticeRestart(_ observation: Observation) {
        let startedAt = observation.server.startedAt
        if let known = serverStartedAt, known != startedAt {
            for index in open.indices { open[index].serverRestartedAt = startedAt }
            // What idle sessions of a new server show is new, too, but nothing was seen of the time between.
            lastServerTime = nil
        }
        serverStartedAt = startedAt
    }

    /// Time in which nobody looked is no time in which evidence could have come: patience begins anew.
    private mutating func noticeGap(before observation: Observation) {
        if let lastServerTime, observation.serverTime - lastServerTime < Self.evidencePatience { return }
        for index in open.indices { open[index].evidenceWantedSince = nil }
    }

    /// Finds the sessions that speak of a migration, and gives each to its run, an old one or a new one. One in a database that is not
    /// watched has none, unless it is an old one.
    private mutating func assign(_ observation: Observation, locks: [Int32: [HeldLock]]) -> [RunEvent] {
        var events: [RunEvent] = []
        let historyTools = knownHistoryTools
        let sessions = observation.sessions.sorted { ($0.queryStart ?? .distantPast) < ($1.queryStart ?? .distantPast) }
        for session in sessions where isWatched(session.database) || open.contains(where: { $0.isMember(session) }) {
            guard
                let evidence = SessionEvidence.of(
                    session, locks: locks[session.pid, default: []], at: observation.serverTime, since: lastServerTime,
                    historyTools: historyTools, databaseTool: soleTool(of: session.database))
            else { continue }
            let client = TrackedRun.Client(session)
            let workBegin = session.transactionStart ?? session.queryStart ?? observation.serverTime
            let index =
                current(of: session, at: workBegin, observation, locks: locks)
                ?? (evidence.kind == .preparation
                    ? nil : joinable(client, evidence, at: workBegin, observation, locks: locks))
            if let index {
                engage(&open[index], session, evidence)
                if evidence.kind == .work { open[index].didWork = true }
            } else if !isWatched(session.database) {
                continue
            } else if evidence.kind == .preparation {
                prepare(client, session, evidence, at: observation.serverTime)
            } else {
                let tracked = begin(session, evidence, client, at: observation.serverTime)
                open.append(tracked)
                events.append(.started(tracked.run))
            }
        }
        return events
    }

    private mutating func prepare(
        _ client: TrackedRun.Client, _ session: Session, _ evidence: SessionEvidence, at serverTime: Timestamp
    ) {
        let begin = session.transactionStart ?? session.queryStart ?? serverTime
        var preparation =
            preparations[client]
            ?? Preparation(begin: begin, lastSeen: serverTime, tool: nil, session: session.identity)
        preparation.begin = min(preparation.begin, begin)
        preparation.tool = evidence.tool ?? preparation.tool
        preparation.lastSeen = serverTime
        preparation.session = session.identity
        preparations[client] = preparation
    }

    /// The run that a session was last at work for, if what it does since `begin` belongs to it.
    private func current(
        of session: Session, at begin: Timestamp, _ observation: Observation, locks: [Int32: [HeldLock]]
    ) -> Int? {
        guard let index = open.lastIndex(where: { $0.isMember(session) }) else { return nil }
        let tracked = open[index]
        // What the session itself shows of its last transaction's end, or the begin of the next one, is all that is known of it.
        let goesOn =
            tracked.hasOpenTransaction || isHeldOpen(tracked, observation, locks: locks)
            || follows(begin, [tracked.transactions.compactMap(\.endedAt).max(), lastSeenOpen(tracked)])
        return goesOn ? index : nil
    }

    /// An open run of the same client that nothing else of it is busy with: tools work with one connection at a time, and a program with two
    /// busy ones runs two migrations. One that may have been over for long, since nobody looked when it ended, is not joined.
    private func joinable(
        _ client: TrackedRun.Client, _ evidence: SessionEvidence, at begin: Timestamp, _ observation: Observation,
        locks: [Int32: [HeldLock]]
    ) -> Int? {
        guard !client.applicationName.lowercased().hasPrefix("psql") else { return nil }
        return open.firstIndex { tracked in
            tracked.client == client && !tracked.hasOpenTransaction
                && (evidence.tool == nil || evidence.tool == tracked.run.tool
                    || tracked.run.tool == MigrationTool.manual)
                && (isHeldOpen(tracked, observation, locks: locks)
                    || follows(
                        begin,
                        [tracked.transactions.map { $0.surelyOpenUntil ?? $0.start }.max(), lastSeenOpen(tracked)]))
        }
    }

    /// Whether so little time has passed since the latest of these that it is no pause between two runs.
    private func follows(_ begin: Timestamp, _ ends: [Timestamp?]) -> Bool {
        ends.compactMap { $0 }.max().map { begin - $0 <= Self.linger } ?? true
    }

    /// The last look, if the run was going on then.
    private func lastSeenOpen(_ tracked: TrackedRun) -> Timestamp? {
        tracked.quietSince == nil ? lastServerTime : nil
    }

    /// Whether the run was going on when last looked at, and a session of it has its tool's lock: what it does meanwhile need not show.
    private func isHeldOpen(_ tracked: TrackedRun, _ observation: Observation, locks: [Int32: [HeldLock]]) -> Bool {
        tracked.quietSince == nil && holdsToolLock(tracked, members: members(of: tracked, observation), locks: locks)
    }

    /// The sessions that are at work for the run, or were last: one that has gone on to another run is that one's.
    private func members(of tracked: TrackedRun, _ observation: Observation) -> [Session] {
        observation.sessions.filter { session in
            tracked.isMember(session) && open.last { $0.isMember(session) }?.run.id == tracked.run.id
        }
    }

    private func holdsToolLock(_ tracked: TrackedRun, members: [Session], locks: [Int32: [HeldLock]]) -> Bool {
        members.contains { member in
            locks[member.pid, default: []].contains {
                $0.advisoryKey.map { MigrationTool.owning($0, database: member.database)?.id == tracked.run.tool }
                    ?? false
            }
        }
    }

    private mutating func begin(
        _ session: Session, _ evidence: SessionEvidence, _ client: TrackedRun.Client, at serverTime: Timestamp
    ) -> TrackedRun {
        let preparation = preparations.removeValue(forKey: client)
        let tool = evidence.tool ?? preparation?.tool ?? MigrationTool.manual
        let seen = session.transactionStart ?? session.queryStart ?? serverTime
        let begin = preparation.map { min($0.begin, seen) } ?? seen
        var sessions = [session.identity]
        if let preparing = preparation?.session, preparing != session.identity { sessions.insert(preparing, at: 0) }
        let run = MigrationRun(
            id: StableIdentifier.derive(
                from: target, session.database, String(session.pid), String(begin.microseconds)),
            target: target, database: session.database, tool: tool,
            migrations: pendingNames(of: tool, in: session.database),
            user: session.user, applicationName: session.applicationName, clientAddress: session.clientAddress,
            sessions: sessions, begin: begin, wasUnderwayAtFirstLook: lastServerTime == nil)
        var tracked = TrackedRun(run: run, client: client)
        tracked.didWork = evidence.kind == .work
        tracked.isToolNamed = preparation?.tool != nil
        // What another run of the tool did since the last look is not this one's.
        if tool == Self.toolWithSequence,
            !open.contains(where: { $0.run.tool == tool && $0.run.database == session.database })
        {
            if let table = historyTable(of: tool, in: session.database) {
                tracked.sequence = sequenceValues[table].map { value in
                    // An owner may set it below zero.
                    .init(table: table, before: max(0, value), value: max(0, value))
                }
            } else if let reading = readings[session.database], session.database == connectedDatabase {
                tracked.hadNoHistory = !reading.tables.contains { $0.tool == tool }
            }
        }
        engage(&tracked, session, evidence)
        return tracked
    }

    /// Notes that the session works for the run, and in which transaction.
    private func engage(_ tracked: inout TrackedRun, _ session: Session, _ evidence: SessionEvidence) {
        if !tracked.isMember(session) { tracked.run.sessions.append(session.identity) }
        tracked.quietSince = nil
        if evidence.namesTool { tracked.isToolNamed = true }
        tracked.note(statementOf: session, privacy: privacy)
        guard let start = session.transactionStart ?? session.queryStart else { return }
        let current = tracked.transactions.lastIndex {
            $0.session == session.identity && ($0.isStill(openIn: session) || $0.start == start)
        }
        if let current {
            if evidence.changesSchema { tracked.transactions[current].changedSchema = true }
            return
        }
        var transaction = TrackedTransaction(session, start: start)
        if evidence.changesSchema { transaction.changedSchema = true }
        tracked.transactions.append(transaction)
        tracked.forgetSettledTransactions()
    }

    // MARK: - Following

    /// Brings the run's transactions up to date: how they stand, or that they have ended.
    private func follow(
        _ tracked: inout TrackedRun, _ observation: Observation, sessions: SessionTable, graph: WaitGraph
    ) {
        for index in tracked.transactions.indices {
            var transaction = tracked.transactions[index]
            if let id = transaction.transactionID, let fate = observation.transactionFates[id] {
                transaction.fate = fate
            }
            if transaction.endedAt == nil {
                let session = sessions[transaction.session]
                if let session, transaction.isStill(openIn: session) {
                    transaction.lastState = session.state
                    transaction.killedBefore = observation.sessionsKilled[tracked.run.database]
                    transaction.transactionID = session.transactionID ?? transaction.transactionID
                    transaction.hasFailedStatement =
                        transaction.hasFailedStatement || session.state == .idleInTransactionAborted
                    transaction.wasWaiting = session.isWaitingForLock
                    if session.isWaitingForLock {
                        transaction.waitedBehind = graph.hindrances(of: session.pid).compactMap {
                            sessions[$0].map { .init(session: $0.identity, transactionStart: $0.transactionStart) }
                        }
                    }
                    tracked.note(statementOf: session, privacy: privacy)
                } else {
                    end(&transaction, of: tracked.run.database, session: session, sessions: sessions, in: observation)
                }
            }
            tracked.transactions[index] = transaction
        }
    }

    /// Says whether the run goes on, and how it stands.
    private func settle(
        _ tracked: inout TrackedRun, _ members: [Session], _ observation: Observation, all: SessionTable,
        locks: [Int32: [HeldLock]], graph: WaitGraph
    ) {
        let holdsToolLock = holdsToolLock(tracked, members: members, locks: locks)
        let run = tracked.run
        let isAlone = !open.contains { other in
            other.run.id != run.id && other.run.tool == run.tool && other.run.database == run.database
                && other.quietSince == nil
        }
        tracked.followSequence(in: observation, isAlone: isAlone)
        if tracked.hasOpenTransaction || holdsToolLock {
            tracked.quietSince = nil
            let busy = members.filter { member in
                tracked.transactions.contains { $0.session == member.identity && $0.endedAt == nil } || holdsToolLock
            }
            tracked.run.standing = Standing(
                of: busy, in: observation, all: all, locks: locks, graph: graph, privacy: privacy)
            tracked.run.standing.note(
                runs: open.filter { $0.quietSince == nil || $0.run.id == run.id }.map {
                    $0.run.id == run.id ? run : $0.run
                },
                sessions: all)
            if tracked.hadNoHistory == true, let table = historyTable(of: run.tool, in: run.database) {
                // The run has made it, and its sequence began with it.
                tracked.hadNoHistory = nil
                tracked.sequence = .init(
                    table: table, before: 0, value: observation.sequenceValues[table].map { max(0, $0) } ?? 0)
            }
            let progress = tracked.advance(
                busy, in: observation, folder: folder.flatMap { $0.tool == run.tool ? $0 : nil })
            tracked.run.standing.note(progress, at: observation.serverTime)
            tracked.run.standing.note(clients, of: members)
        } else if tracked.quietSince == nil {
            tracked.quietSince = tracked.transactions.compactMap(\.endedAt).max() ?? observation.serverTime
            tracked.run.standing = Standing()
        }
    }

    private func end(
        _ transaction: inout TrackedTransaction, of database: String, session: Session?,
        sessions: SessionTable, in observation: Observation
    ) {
        let serverTime = observation.serverTime
        transaction.endedWithSession = session == nil
        if let before = transaction.killedBefore, let now = observation.sessionsKilled[database] {
            transaction.wasKilled = session == nil && now > before
        }
        transaction.endedBehindHindrance = transaction.waitedBehind.contains { hindrance in
            sessions[hindrance.session].map { $0.transactionStart == hindrance.transactionStart } ?? false
        }
        // Nothing tells when a session that is gone, or at something else, was done with it: some time since the last look.
        transaction.surelyOpenUntil = max(lastServerTime ?? transaction.start, transaction.start)
        guard let session else {
            transaction.endedAt = serverTime
            return
        }
        if session.state == .idle {
            transaction.endedAt = session.stateChange ?? serverTime
            transaction.surelyOpenUntil = transaction.endedAt
            switch StatementClass.classify(session.query) {
            case .commit: transaction.closedByCommit = true
            case .rollback: transaction.closedByCommit = false
            default: break
            }
        } else {
            // It has gone on to another transaction already.
            transaction.endedAt = session.transactionStart ?? serverTime
        }
    }

    // MARK: - Ends

    private mutating func conclude(at serverTime: Timestamp, present: Set<SessionIdentity>) -> [RunEvent] {
        var events: [RunEvent] = []
        var remaining: [TrackedRun] = []
        var returned: [(entries: [HistoryEntry], tool: String, database: String)] = []
        for var tracked in open {
            tracked.evidenceWantedSince =
                tracked.quietSince == nil ? nil : tracked.evidenceWantedSince ?? serverTime
            guard let quietSince = tracked.quietSince,
                isOver(tracked, since: quietSince, at: serverTime, present: present)
            else {
                remaining.append(tracked)
                continue
            }
            if !hasReading(of: tracked.run.database, after: quietSince) {
                endedWithoutHistory[tracked.run.database, default: []].removeAll {
                    serverTime - $0 >= Self.lateHistory
                }
                endedWithoutHistory[tracked.run.database, default: []].append(serverTime)
            }
            let strays = tracked.giveBackStrays()
            if !strays.entries.isEmpty { returned.append((strays.entries, strays.tool, tracked.run.database)) }
            tracked.run.end = max(quietSince, tracked.run.begin)
            tracked.run.outcome = tracked.concludedOutcome(
                recordedNothing: hasRecordedNothing(tracked, since: quietSince), entryName: name(of:))
            tracked.run.partialWork = tracked.partialWork(
                isHistoryKnown: strays.entries.isEmpty
                    && (tracked.run.tool == MigrationTool.manual || hasReadHistory(of: tracked.run, since: quietSince)))
            tracked.run.standing = Standing()
            if case .committed(let versions) = tracked.run.outcome, !versions.isEmpty {
                tracked.run.migrations = versions
            }
            if tracked.run.tool == MigrationTool.manual, let tool = tracked.historyTool { tracked.run.tool = tool }
            events.append(.ended(tracked.run))
        }
        open = remaining
        for (entries, tool, database) in returned {
            guard let reading = readings[database], let table = reading.tables.first(where: { $0.tool == tool }) else {
                continue
            }
            events += take(entries, of: table, in: reading)
        }
        return events
    }

    /// Whether the history of the run's tool was read after its end, and has neither gained nor lost an entry by it.
    private func hasRecordedNothing(_ tracked: TrackedRun, since quietSince: Timestamp) -> Bool {
        tracked.isToolNamed == true && tracked.newEntries.isEmpty && tracked.hasHistoryChanged != true
            // Which of two has written an entry is not always known.
            && open.count(where: { $0.run.tool == tracked.run.tool && $0.run.database == tracked.run.database }) <= 1
            && hasReadHistory(of: tracked.run, since: quietSince)
            && readings[tracked.run.database]?.tables.contains { $0.tool == tracked.run.tool } == true
    }

    /// Whether what the run's tool has recorded was read since then; a database without a history of it has nothing recorded.
    private func hasReadHistory(of run: MigrationRun, since time: Timestamp) -> Bool {
        guard let reading = readings[run.database], reading.serverTime >= time else { return false }
        return reading.tables.allSatisfy { table in
            if table.tool == run.tool, case .failed = table.entries { false } else { true }
        }
    }

    private func isOver(
        _ tracked: TrackedRun, since quietSince: Timestamp, at serverTime: Timestamp, present: Set<SessionIdentity>
    ) -> Bool {
        let quiet = serverTime - quietSince
        let hasSessions = tracked.run.sessions.contains(where: present.contains)
        guard quiet >= (hasSessions ? Self.linger : Self.lingerWithoutSessions) else { return false }
        let isEvident =
            tracked.transactions.allSatisfy(\.isSettled) && hasReading(of: tracked.run.database, after: quietSince)
        return isEvident
            || tracked.evidenceWantedSince.map { serverTime - $0 >= Self.evidencePatience } ?? false
    }

    /// Whether the history has been read since then. A table that could not be read leaves it open, unless it never will be.
    private func hasReading(of database: String, after time: Timestamp) -> Bool {
        guard let reading = readings[database], reading.serverTime >= time else { return false }
        return reading.tables.allSatisfy { table in
            if case .failed(let failure) = table.entries { failure.reason == .permissionDenied } else { true }
        }
    }

    // MARK: - History tables

    public mutating func observe(_ reading: HistoryReading) -> [RunEvent] {
        var known = knownHistory[reading.database]
        let isFirst = known == nil
        var events: [RunEvent] = []
        for table in reading.tables {
            let before = known?[table.relation]
            guard case .read(let entries) = table.entries else {
                // Whatever is in it is older than the agent's sight of it.
                if before == nil { known = (known ?? [:]).merging([table.relation: [Self.unread]]) { old, _ in old } }
                continue
            }
            let isBaseline = isFirst || before?.contains(Self.unread) == true
            let news = isBaseline ? [] : Self.news(among: entries, known: before ?? [])
            // Beyond what the reading shows, what is applied stays known: it shows the newest entries only.
            let kept = (before ?? []).filter { $0 != Self.unread && !$0.contains(Self.stateMark) }
            known = (known ?? [:]).merging([table.relation: kept.union(entries.map(Self.token))]) { _, new in new }
            forgetOutdated(of: table, entries)
            noticeChanges(of: table, to: entries, in: reading.database)
            if !news.isEmpty { events += take(news, of: table, in: reading) }
        }
        knownHistory[reading.database] = known ?? [:]
        readings[reading.database] = reading
        return events
    }

    /// Stands among the known entries of a table for "it is there, and has not been read yet".
    private static let unread = "\u{1F}unread"
    private static let stateMark: Character = "\u{1F}"

    /// What an entry is known by: one that fails or begins and is applied later is news again.
    private static func token(_ entry: HistoryEntry) -> String {
        entry.state == .applied ? entry.key : "\(entry.key)\(stateMark)\(entry.state.rawValue)"
    }

    /// The entries that are not known. One before the first known one has come into sight because newer ones were deleted.
    private static func news(among entries: [HistoryEntry], known: Set<String>) -> [HistoryEntry] {
        let first = entries.firstIndex { known.contains(token($0)) }
        return entries[(first ?? 0)...].filter { !known.contains(token($0)) }
    }

    /// Takes from the open runs what they had not finished when it was last read and have since.
    private mutating func forgetOutdated(of table: HistoryTable, _ entries: [HistoryEntry]) {
        let present = Set(entries.map(Self.token))
        for index in open.indices where open[index].historyTool == table.tool {
            open[index].newEntries.removeAll { $0.state != .applied && !present.contains(Self.token($0)) }
        }
    }

    /// Notes with the open runs that an entry has gone, or was written anew. One that newer ones have pushed out of sight counts as well:
    /// then there are newer ones.
    private mutating func noticeChanges(of table: HistoryTable, to entries: [HistoryEntry], in database: String) {
        guard open.contains(where: { $0.run.database == database }),
            case .read(let old)? = readings[database]?.tables.first(where: { $0.relation == table.relation })?.entries,
            !Set(old).isSubset(of: entries)
        else { return }
        for index in open.indices where open[index].run.database == database { open[index].hasHistoryChanged = true }
    }

    /// Gives each new entry to the run that wrote it; what none can have written is told by itself.
    private mutating func take(_ news: [HistoryEntry], of table: HistoryTable, in reading: HistoryReading) -> [RunEvent]
    {
        let others = news.filter { entry in
            guard let author = author(of: entry, of: table, in: reading.database) else { return true }
            open[author].newEntries.append(entry)
            open[author].historyTool = table.tool
            return false
        }
        return discover(others, of: table, in: reading)
    }

    /// The open run that wrote the entry most surely: by its transaction, else one of the tool, else one by hand.
    private func author(of entry: HistoryEntry, of table: HistoryTable, in database: String) -> Int? {
        let candidates = open.indices.filter { open[$0].run.database == database }
        let authorships = candidates.map { (index: $0, authorship: open[$0].authorship(of: entry)) }
        if let certain = authorships.first(where: { $0.authorship == .certain }) { return certain.index }
        for tool in [table.tool, MigrationTool.manual] {
            for authorship in [Authorship.likely, .possible] {
                let found = authorships.first { $0.authorship == authorship && open[$0.index].run.tool == tool }
                if let found { return found.index }
            }
        }
        return nil
    }

    /// Tells of what was over before anybody looked.
    private func discover(_ news: [HistoryEntry], of table: HistoryTable, in reading: HistoryReading) -> [RunEvent] {
        guard isWatched(reading.database) else { return [] }
        // What has only begun is a run that has not been recognised yet, or will be told when it has ended.
        let news = news.filter { entry in
            (entry.state == .applied || entry.state == .failed) && !wasTold(entry, of: table, in: reading)
        }
        guard let first = news.first else { return [] }
        let failed = news.first { $0.state == .failed }
        let names = news.map(name(of:))
        let at = news.compactMap(\.appliedAt).max().map { min($0, reading.serverTime) } ?? reading.serverTime
        let run = MigrationRun(
            id: StableIdentifier.derive(from: target, reading.database, table.relation, Self.token(first)),
            target: target, database: reading.database, tool: table.tool, migrations: names, sessions: [],
            begin: min(news.compactMap(\.appliedAt).min() ?? at, at), end: at,
            outcome: failed.map {
                .failed(evidence: "the tool's history records \(name(of: $0)) as failed")
            } ?? .committed(versions: names))
        return [.discovered(run)]
    }

    /// Whether the entry is of a run whose end was told while the history could not be read.
    private func wasTold(_ entry: HistoryEntry, of table: HistoryTable, in reading: HistoryReading) -> Bool {
        guard let ended = endedWithoutHistory[reading.database] else { return false }
        return ended.contains { reading.serverTime - $0 < Self.lateHistory }
    }

    private func name(of entry: HistoryEntry) -> String {
        entry.name ?? folder?.name(of: entry) ?? "#\(entry.key)"
    }

    private var knownHistoryTools: [UInt32: String] {
        Dictionary(
            readings.values.flatMap { $0.tables.map { ($0.oid, $0.tool) } }, uniquingKeysWith: { first, _ in first })
    }

    private func soleTool(of database: String) -> String? {
        let tools = Set(readings[database]?.tables.map(\.tool) ?? [])
        return tools.count == 1 ? tools.first : nil
    }

    /// The history of a tool in the connection's database, if it has just one there: of others no sequence is read.
    private func historyTable(of tool: String, in database: String) -> UInt32? {
        guard database == connectedDatabase else { return nil }
        let tables = readings[database]?.tables.filter { $0.tool == tool } ?? []
        return tables.count == 1 ? tables.first?.oid : nil
    }

    /// The migrations in the folder that the history has not: what the tool applies when it runs.
    private func pendingNames(of tool: String, in database: String) -> [String] {
        guard let folder, folder.tool == tool else { return [] }
        return folder.pending(history: readings[database]).map(\.name)
    }
}

extension Timestamp {
    /// Earlier than anything that a server reports.
    static let distantPast = Timestamp(microseconds: .min)
}
