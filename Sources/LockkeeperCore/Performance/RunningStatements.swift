/// What can be known of queries without `pg_stat_statements`: which were running whenever somebody looked, and for how long. Only
/// queries that take longer than a look's interval are seen reliably.
struct RunningStatements: Sendable {
    /// Executions that were running at the newest look.
    private var running: [SessionIdentity: Execution] = [:]
    private var sums: [Key: StatementBucket.Sums] = [:]
    private var begin: Timestamp?
    /// A text of each, by the hash of the normalized one that stands for it.
    private(set) var texts: [Int64: String] = [:]

    private struct Execution: Sendable {
        var key: Key
        var begin: Timestamp
        /// How long it had run when it was last seen, in milliseconds.
        var age: Double
    }

    private struct Key: Sendable, Hashable {
        var database: String
        var queryID: Int64
    }

    /// How many different queries are told apart.
    private static let limit = 500

    mutating func observe(_ observation: Observation) {
        begin = begin ?? observation.serverTime
        var next: [SessionIdentity: Execution] = [:]
        for session in observation.sessions {
            guard session.state == .active, session.backendType == "client backend", !session.query.isEmpty,
                let start = session.queryStart
            else { continue }
            let age = max(0, (observation.serverTime - start).inSeconds * 1000)
            if var execution = running[session.identity], execution.begin == start {
                execution.age = age
                next[session.identity] = execution
            } else if let key = key(of: session) {
                next[session.identity] = Execution(key: key, begin: start, age: age)
            }
        }
        // What has ended since took at least as long as it was seen to.
        for (session, execution) in running where next[session]?.begin != execution.begin {
            guard sums[execution.key] != nil || sums.count < Self.limit else { continue }
            var sum = StatementBucket.Sums()
            sum.calls = 1
            sum.time = execution.age
            sum.squares = execution.age * execution.age
            sums[execution.key, default: StatementBucket.Sums()] += sum
        }
        running = next
    }

    /// What was seen since the last time.
    mutating func takeBucket(until end: Timestamp, databases: [DatabaseWork]) -> StatementBucket? {
        defer {
            sums = [:]
            begin = end
        }
        guard let begin, begin < end else { return nil }
        let oids = Dictionary(databases.map { ($0.name, $0.oid) }, uniquingKeysWith: { first, _ in first })
        var identified: [QueryIdentity: StatementBucket.Sums] = [:]
        for (key, sum) in sums {
            guard let oid = oids[key.database] else { continue }
            identified[QueryIdentity(databaseOID: oid, queryID: key.queryID)] = sum
        }
        return StatementBucket(begin: begin, end: end, sums: identified)
    }

    private mutating func key(of session: Session) -> Key? {
        guard let word = SQLLexer(session.query).first(where: { $0.kind != .comment })?.text.lowercased(),
            ["select", "insert", "update", "delete", "with", "merge", "table", "values"].contains(word)
        else { return nil }
        let text = QueryTextPrivacy.normalized.shown(session.query, limit: 2000)
        // 64-bit FNV-1a.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let id = Int64(bitPattern: hash)
        if texts[id] == nil {
            if texts.count >= Self.limit { texts = [:] }
            texts[id] = String(session.query.prefix(StatementTexts.lengthLimit))
        }
        return Key(database: session.database, queryID: id)
    }
}
