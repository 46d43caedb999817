internal import GRDB
public import LockkeeperCore

extension Store {
    /// Reads what the agent goes on from.
    ///
    /// - Parameters:
    ///   - closedSince: from when on closed incidents are wanted too; `nil` for none.
    ///   - silencesEndingAfter: now.
    public func load(
        closedSince: Timestamp? = nil, silencesEndingAfter: Timestamp = Timestamp(microseconds: .min)
    ) async throws -> StoredState {
        try await read("loading the state") { database in
            var state = StoredState()
            for row in try Row.fetchAll(database, sql: "SELECT target, body FROM target_memory") {
                let body = try row.decode(String.self, forColumn: "body")
                state.memories[try row.decode(forColumn: "target")] = try JSONColumn.decode(
                    TargetMemory.self, from: body)
            }
            if let body = try String.fetchOne(database, sql: "SELECT body FROM alerts WHERE only = 1") {
                state.alerts = try JSONColumn.decode([AlertInstance].self, from: body)
            }
            state.unfinishedIncidents = try Self.bodies(
                Incident.self, database,
                """
                SELECT body FROM incident WHERE status = 'open' OR json_array_length(body, '$.owed') > 0
                ORDER BY opened_at, id
                """)
            state.episodes = try Self.episodes(in: database)
            state.silences = try Self.bodies(
                Silence.self, database, "SELECT body FROM silence WHERE ends_at > ? ORDER BY ends_at, id",
                [silencesEndingAfter.microseconds])
            if let closedSince {
                state.recentlyClosedIncidents = try Self.bodies(
                    Incident.self, database, "SELECT body FROM incident WHERE closed_at >= ? ORDER BY closed_at, id",
                    [closedSince.microseconds])
            }
            return state
        }
    }

    /// Stores a change, whole or not at all. When it returns, the change survives a crash and a power failure.
    ///
    /// A delivery whose id is known already is left as it is: planning the same step twice, as after a crash between two steps,
    /// does no harm.
    ///
    /// - Parameter standby: of which targets another agent tells; what is planned of them is kept, and not sent.
    /// - Returns: how many messages of those planned before are not sent any more, by receiver.
    @discardableResult
    public func commit(
        _ change: StateChange, standby: StandbyOrders = StandbyOrders()
    ) async throws -> [String: Int] {
        guard !change.isEmpty || !standby.turns.isEmpty else { return [:] }
        // Encoding takes longer than writing, so it is not done while the file is held.
        let rows: StateChangeRows
        do { rows = try StateChangeRows(change, following: standby.following) } catch {
            throw StoreError(error, while: "encoding a change", in: folder)
        }
        return try await write("recording a change") { database in
            let superseded = try rows.write(to: database)
            for turn in standby.turns { try StandbyRows.take(turn, in: database) }
            return superseded
        }
    }

    static func bodies<Value: Decodable>(
        _ type: Value.Type, _ database: Database, _ sql: String, _ arguments: StatementArguments = []
    ) throws -> [Value] {
        try String.fetchAll(database, sql: sql, arguments: arguments).map { try JSONColumn.decode(type, from: $0) }
    }
}
