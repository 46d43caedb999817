/// What a run is at, where that decides how it is to be judged: seen by its statement and the locks that go with it.
public enum RunActivity: Sendable, Hashable, Codable {
    /// Adds a foreign key: holds SHARE ROW EXCLUSIVE on both tables, even on empty ones and with NOT VALID, and reads the one that refers
    /// unless NOT VALID. Source: PostgreSQL manual, "ALTER TABLE", ADD table_constraint. A column that is added with its key holds more
    /// on the table itself.
    ///
    /// The tables come with the strongest lock on each: `SHARE ROW EXCLUSIVE on public.orders`.
    case foreignKey(tables: [String])
    /// Validates a constraint: reads the whole table, under SHARE UPDATE EXCLUSIVE, which lets others read and write. Source: PostgreSQL
    /// manual, "ALTER TABLE", VALIDATE CONSTRAINT.
    ///
    /// Those tables that the transaction holds with more besides come with the lock: it has added the constraint as well, say.
    case validation(table: String?, lockedBesides: [String])
    /// Writes a table anew under ACCESS EXCLUSIVE: the copy shows as a lock on a relation that nobody else can see yet.
    case rewrite(table: String)
    /// Builds or rebuilds an index CONCURRENTLY.
    case concurrentIndex
    /// Drops an index CONCURRENTLY.
    case concurrentDrop
    /// Detaches a partition CONCURRENTLY.
    case concurrentDetach

    /// What the run's sessions are at; `nil` for anything else, or if their queries may not be seen.
    ///
    /// - Parameter locks: those of the sessions.
    init?(of sessions: [Session], locks: [HeldLock]) {
        for session in sessions where session.state == .active {
            let words = SQLLexer(session.query).filter { $0.kind != .comment }.compactMap(\.name)
            let held = locks.filter { $0.pid == session.pid && $0.kind == .relation }
            if words.contains("concurrently"), let activity = Self.concurrent(words) {
                self = activity
                return
            }
            if Self.addsForeignKey(words) {
                self = .foreignKey(tables: Self.strongest(held, atLeast: .shareRowExclusive))
                return
            }
            if Self.validates(words) {
                let table = held.first { $0.mode == .shareUpdateExclusive && $0.relation?.isTable == true }
                self = .validation(
                    table: table?.relation?.name, lockedBesides: Self.strongest(held, atLeast: .share))
                return
            }
            if let table = Self.rewritten(words, held) {
                self = .rewrite(table: table)
                return
            }
        }
        return nil
    }

    private static func concurrent(_ words: [String]) -> RunActivity? {
        switch words.first {
        case "drop" where words.contains("index"): .concurrentDrop
        case "alter" where words.contains("detach"): .concurrentDetach
        case "refresh": nil
        default: words.contains("index") || words.contains("reindex") ? .concurrentIndex : nil
        }
    }

    /// Users' tables with the strongest of the locks that a session holds, or wants, on each: `ACCESS EXCLUSIVE on public.orders`.
    private static func strongest(_ locks: [HeldLock], atLeast mode: LockMode) -> [String] {
        var modes: [String: LockMode] = [:]
        for lock in locks where lock.mode >= mode && lock.relation?.isTable == true {
            guard let name = lock.relation?.name else { continue }
            modes[name] = max(modes[name] ?? lock.mode, lock.mode)
        }
        return modes.sorted { $0.key < $1.key }.map { "\($0.value.sqlName) on \($0.key)" }
    }

    /// `ALTER TABLE … VALIDATE CONSTRAINT …`
    private static func validates(_ words: [String]) -> Bool {
        guard let verb = words.firstIndex(of: "validate"), words.first == "alter", words.dropFirst().first == "table"
        else {
            return false
        }
        return words[verb...].dropFirst().first == "constraint"
    }

    /// `ALTER TABLE … ADD [CONSTRAINT …] FOREIGN KEY …`, `… ADD COLUMN … REFERENCES …`. A table that is created with one locks the other, too.
    private static func addsForeignKey(_ words: [String]) -> Bool {
        guard let start = words.firstIndex(of: "alter") ?? words.firstIndex(of: "create") else { return false }
        let statement = words[start...]
        guard statement.dropFirst().prefix(2).contains("table") else { return false }
        return statement.contains("references")
    }

    /// Words of the forms of ALTER TABLE that may write the table anew. Others create relations, too: a column of text its TOAST table.
    private static let rewriting: Set<String> = [
        "type", "logged", "unlogged", "tablespace", "method", "default", "generated", "serial", "bigserial",
        "smallserial",
    ]

    /// The table whose rows are being copied, if the statement is of a kind that copies and a new relation is there, locked.
    private static func rewritten(_ words: [String], _ held: [HeldLock]) -> String? {
        let isOfKind =
            words.first == "cluster" || words.starts(with: ["vacuum"]) && words.contains("full")
            || words.contains("alter") && words.contains("table") && words.contains(where: rewriting.contains)
        let isCopying = held.contains {
            $0.isGranted && $0.mode == .accessExclusive && $0.relation.map { $0.name == nil } ?? false
        }
        guard isOfKind, isCopying else { return nil }
        return held.first {
            $0.isGranted && $0.mode == .accessExclusive && $0.relation?.isTable == true && $0.relation?.name != nil
        }?.relation?.name
    }
}

extension HeldLock.Relation {
    /// Whether it is a user's table, partitioned or not, or a materialised view.
    var isTable: Bool { !isSystem && ["r", "p", "m"].contains(kind ?? "r") }
}
