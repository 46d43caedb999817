import LockkeeperCore

/// What is asked of one database for a reading of its catalogs, and how the answers are put together. Each query stands alone: one
/// that fails costs its own part of the reading.
struct CatalogReader {
    private let facts: ServerFacts
    /// Whether the server as a whole is asked about too.
    private let includesServer: Bool
    private let questions: [Question]

    private struct Question {
        /// What is missing without its answer.
        var part: CatalogReading.Part
        var query: Query
        var read: (Rows, inout CatalogReading) -> Void
    }

    /// - Parameter oldDatabaseAge: from which age on a database's oldest tables are read.
    init(_ facts: ServerFacts, includesServer: Bool, oldDatabaseAge: Int64) {
        self.facts = facts
        self.includesServer = includesServer
        questions = Self.ofDatabase(facts.server, oldDatabaseAge) + (includesServer ? Self.ofServer(facts) : [])
    }

    /// In the order of the results that `read` expects.
    var queries: [Query] {
        [HistoryQueries.clock, CatalogQueries.builds, CatalogQueries.invalidIndexes] + questions.map(\.query)
    }

    private static func ofDatabase(_ server: Server, _ oldDatabaseAge: Int64) -> [Question] {
        [
            Question(
                part: .constraints, query: CatalogQueries.constraints(server), read: CatalogQueries.readConstraints),
            Question(part: .oldestTables, query: CatalogQueries.oldestTables(from: oldDatabaseAge)) {
                $1.oldestTables = CatalogQueries.readOldestTables($0)
            },
        ]
    }

    private static func ofServer(_ facts: ServerFacts) -> [Question] {
        typealias Queries = ServerHealthQueries
        var questions = [
            Question(part: .databases, query: Queries.databases) { $1.server?.databases = Queries.readDatabases($0) },
            Question(part: .snapshots, query: Queries.snapshots) {
                $1.server?.snapshotHolders = Queries.readSnapshots($0)
            },
            Question(part: .slots, query: Queries.slots(facts.server)) { $1.server?.slots = Queries.readSlots($0) },
            Question(part: .replicas, query: Queries.replicas) { $1.server?.replicas = Queries.readReplicas($0) },
            Question(part: .archiver, query: Queries.archiver) { $1.server?.archiver = Queries.readArchiver($0) },
            Question(part: .settings, query: Queries.settings) { $1.server?.settings = Queries.readSettings($0) },
            Question(part: .settings, query: Queries.roleSettings) {
                $1.server?.roleSettings = Queries.readRoleSettings($0)
            },
        ]
        // Asking in vain would write an error into the server's log each time.
        if facts.isMonitor {
            questions.append(
                Question(part: .walFolder, query: Queries.walFolder) {
                    $1.server?.walFolderBytes = $0.first?.integer(0)
                })
        }
        return questions
    }

    /// - Throws: where not even the time came back.
    func read(_ results: [Result<Rows, PostgresError>]) throws(PostgresError) -> CatalogReading {
        guard results.count == questions.count + 3, let time: Int64 = try results[0].get().first?.integer(0) else {
            throw PostgresError(
                kind: .protocolViolation, stage: .query(HistoryQueries.clock.name),
                message: "the answer could not be read", hint: "check what answers at this address")
        }
        var reading = CatalogReading(database: facts.database, serverTime: Timestamp(microseconds: time))
        if includesServer {
            reading.server = ServerHealth(isInRecovery: facts.server.isInRecovery)
            reading.failures = hidden
        }
        do throws(PostgresError) {
            // Without the builds nobody can tell a leftover from a build.
            CatalogQueries.readInvalidIndexes(
                try results[2].get(), builds: try results[1].get(), into: &reading)
        } catch {
            reading.failures[.invalidIndexes] = error.sampleFailure
        }
        for (question, result) in zip(questions, results.dropFirst(3)) {
            switch result {
            case .success(let rows): question.read(rows, &reading)
            case .failure(let error): reading.failures[question.part] = error.sampleFailure
            }
        }
        return reading
    }

    /// What the server answers to a role without the privilege as if there were nothing.
    private var hidden: [CatalogReading.Part: SampleFailure] {
        var failures: [CatalogReading.Part: SampleFailure] = [:]
        func hide(_ part: CatalogReading.Part, _ what: String) {
            failures[part] = SampleFailure(
                reason: .permissionDenied,
                message: "\(facts.server.role) may not see \(what); GRANT pg_monitor TO it (deploy/monitoring-role.sql)"
            )
        }
        if !facts.server.canReadAllStats {
            hide(.snapshots, "other users' snapshots")
            hide(.replicas, "how far replicas are")
        }
        if !facts.isMonitor { hide(.walFolder, "the server's folder of WAL") }
        return failures
    }
}
