internal import GRDB
public import LockkeeperCore

extension Store {
    /// The runs that a filter lets through, newest first.
    public func runs(_ filter: RunFilter = RunFilter(), limit: Int = 100) async throws -> [MigrationRun] {
        var conditions = Conditions()
        conditions.add("target = ?", filter.target)
        conditions.add("database = ?", filter.database)
        conditions.add("tool = ?", filter.tool)
        conditions.add("(ended_at IS NULL) = ?", filter.isRunning)
        conditions.add("outcome = ?", filter.outcome)
        conditions.add("began_at >= ?", filter.since?.microseconds)
        return try await read("listing runs") { [conditions] database in
            try Self.bodies(
                MigrationRun.self, database,
                "SELECT body FROM run \(conditions.clause) ORDER BY began_at DESC, id DESC LIMIT \(max(0, limit))",
                conditions.arguments)
        }
    }

    /// The run of an id.
    ///
    /// - Parameter id: the whole id, or as much of its beginning as no other run has.
    /// - Returns: `nil` if there is none.
    /// - Throws: `StoreError` `ambiguous` if several runs begin so.
    public func run(_ id: String) async throws -> MigrationRun? {
        try await body(MigrationRun.self, table: "run", id: id)
    }

    /// The incidents that a filter lets through, newest first.
    public func incidents(_ filter: IncidentFilter = IncidentFilter(), limit: Int = 100) async throws -> [Incident] {
        var conditions = Conditions()
        conditions.add("target = ?", filter.target)
        conditions.add("status = ?", filter.status?.rawValue)
        conditions.add("run = ?", filter.run)
        conditions.add("opened_at >= ?", filter.since?.microseconds)
        if let least = filter.severity {
            conditions.add(oneOf: Severity.allCases.filter { $0 >= least }.map(\.rawValue), column: "severity")
        }
        return try await read("listing incidents") { [conditions] database in
            try Self.bodies(
                Incident.self, database,
                "SELECT body FROM incident \(conditions.clause) ORDER BY opened_at DESC, id DESC LIMIT \(max(0, limit))",
                conditions.arguments)
        }
    }

    /// The incident of an id.
    ///
    /// - Parameter id: the whole id, or as much of its beginning as no other incident has.
    /// - Returns: `nil` if there is none.
    /// - Throws: `StoreError` `ambiguous` if several incidents begin so.
    public func incident(_ id: String) async throws -> Incident? {
        try await body(Incident.self, table: "incident", id: id)
    }

    /// The deliveries that a filter lets through, the last planned first.
    public func deliveries(_ filter: DeliveryFilter = DeliveryFilter(), limit: Int = 100) async throws -> [Delivery] {
        var conditions = Conditions()
        conditions.add("receiver = ?", filter.receiver)
        conditions.add("status = ?", filter.status?.rawValue)
        conditions.add("incident_id = ?", filter.incident)
        return try await read("listing deliveries") { [conditions] database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM delivery \(conditions.clause)
                    ORDER BY planned_at DESC, incident_id, receiver, sequence DESC LIMIT \(max(0, limit))
                    """,
                arguments: conditions.arguments
            ).map(Delivery.init(row:))
        }
    }

    /// The newest episode of each key of which anything is stored.
    public func episodes() async throws -> [String: PastEpisode] {
        try await read("looking up episodes") { try Self.episodes(in: $0) }
    }

    static func episodes(in database: Database) throws -> [String: PastEpisode] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT incident_key, max(episode) AS number, max(coalesce(closed_at, opened_at)) AS closed_at
                FROM incident GROUP BY incident_key
                """)
        var episodes: [String: PastEpisode] = [:]
        for row in rows {
            episodes[try row.decode(forColumn: "incident_key")] = PastEpisode(
                number: try row.decode(forColumn: "number"),
                closedAt: Timestamp(microseconds: try row.decode(forColumn: "closed_at")))
        }
        return episodes
    }

    private func body<Value: Decodable & Sendable>(
        _ type: Value.Type, table: String, id: String
    ) async throws -> Value? {
        guard !id.isEmpty else { return nil }
        return try await read("looking up \(table) \(id)") { database in
            // Not LIKE, in which `_` and `%` of an id would mean something else. No character is above U+10FFFF.
            let candidates = try Row.fetchAll(
                database,
                sql: """
                    SELECT id, body FROM \(table) WHERE id >= ?1 AND id <= ?1 || char(1114111)
                    ORDER BY id LIMIT 4
                    """, arguments: [id])
            // The whole id sorts before everything that it is the beginning of.
            let names = try candidates.map { try $0.decode(String.self, forColumn: "id") }
            guard let first = candidates.first else { return nil }
            guard names.count == 1 || names.first == id else {
                throw StoreError(
                    code: .ambiguous,
                    message: "Several \(table)s begin with \(id): \(names.prefix(3).joined(separator: ", "))"
                        + "\(names.count > 3 ? ", …" : "."). Give more of the id.")
            }
            return try JSONColumn.decode(type, from: try first.decode(forColumn: "body"))
        }
    }
}

/// The `WHERE` of a query, made of what is asked for.
private struct Conditions: Sendable {
    private var terms: [String] = []
    private(set) var arguments = StatementArguments()

    var clause: String { terms.isEmpty ? "" : "WHERE " + terms.joined(separator: " AND ") }

    mutating func add(_ term: String, _ value: (any DatabaseValueConvertible & Sendable)?) {
        guard let value else { return }
        terms.append(term)
        arguments += [value]
    }

    mutating func add(oneOf values: [String], column: String) {
        terms.append("\(column) IN (\(values.map { _ in "?" }.joined(separator: ", ")))")
        arguments += StatementArguments(values)
    }
}
