/// What a session does that speaks of a migration.
struct SessionEvidence: Sendable, Hashable {
    var kind: Kind
    /// The tool, where something names it.
    var tool: String?
    /// Whether the session itself names the tool: else the database's history does, and whoever changes the schema is taken for it.
    var namesTool: Bool
    /// Whether the schema itself is changed, rather than the tool's history.
    var changesSchema = false

    enum Kind: Sendable, Hashable {
        /// What a tool does before it knows whether there is anything to apply: it makes sure of its history table, takes its lock.
        case preparation
        /// It waits for the lock of its tool, which another one has: it may find nothing left to apply.
        case waiting
        /// A schema change, or an entry in a history table.
        case work
    }

    /// How long a preparation may take before it counts as work: normally it is over in milliseconds.
    static let patience = Duration.seconds(1)

    /// Programs whose sessions are people's: their DDL is by hand, whichever tool the database otherwise belongs to.
    private static let interactivePrograms = [
        "psql", "pgadmin", "dbeaver", "datagrip", "intellij", "navicat", "tableplus", "postico", "beekeeper",
    ]
    private static let toolSchemas: Set<String> = ["drizzle", "graphile_migrate", "sqitch", "pgroll"]

    /// - Parameters:
    ///   - since: the time of the last look; what ended before it is old. `nil` at the first look.
    ///   - historyTools: the tool of each known history table by its oid.
    ///   - databaseTool: the one tool whose history the session's database holds, if it is one.
    /// - Returns: `nil` if nothing speaks of a migration.
    static func of(
        _ session: Session, locks: [HeldLock], at serverTime: Timestamp, since: Timestamp?,
        historyTools: [UInt32: String], databaseTool: String?
    ) -> SessionEvidence? {
        guard session.backendType == "client backend", isFresh(session, since: since) else { return nil }
        let lockTool = locks.lazy.filter { $0.kind == .advisory }.compactMap(\.advisoryKey)
            .compactMap { MigrationTool.owning($0, database: session.database)?.id }.first
        let tokens = SQLLexer(session.query).filter { $0.kind != .comment }
        let names = tokens.lazy.compactMap(\.name)
        let tableTool = names.compactMap { MigrationTool.tellingTables[$0] }.first
        let relationTool = locks.lazy.compactMap { $0.relation.flatMap { historyTools[$0.oid] } }.first
        let tool =
            lockTool ?? tableTool ?? relationTool ?? MigrationTool.named(byApplication: session.applicationName)?.id

        func work() -> SessionEvidence {
            let guess = isInteractive(session) ? nil : databaseTool
            return SessionEvidence(kind: .work, tool: tool ?? guess, namesTool: tool != nil)
        }
        if StatementClass.classify(tokens: tokens) == .schemaChange, !touchesOnlyTemporary(locks) {
            guard isPreparation(tokens) else {
                var evidence = work()
                evidence.changesSchema = true
                return evidence
            }
            let lasts = session.state == .active && serverTime - (session.queryStart ?? serverTime) > patience
            let named = tool ?? toolOfSchema(tokens)
            return lasts ? work() : SessionEvidence(kind: .preparation, tool: named, namesTool: named != nil)
        }
        if isHistoryWrite(tokens) { return work() }
        guard let lockTool else { return nil }
        let waitsLong = locks.contains {
            $0.kind == .advisory && !$0.isGranted && serverTime - ($0.waitStart ?? serverTime) > patience
        }
        return SessionEvidence(kind: waitsLong ? .waiting : .preparation, tool: lockTool, namesTool: true)
    }

    /// What is running, in a transaction, or has ended since the last look.
    private static func isFresh(_ session: Session, since: Timestamp?) -> Bool {
        switch session.state {
        case .active, .idleInTransaction, .idleInTransactionAborted, .fastpath: true
        case .idle: since.map { (session.stateChange ?? $0) > $0 } ?? false
        case .starting, .disabled, .unknown: false
        }
    }

    private static func isInteractive(_ session: Session) -> Bool {
        let name = session.applicationName.lowercased()
        return interactivePrograms.contains(where: name.hasPrefix)
    }

    /// Whether the session's strong locks on tables, if it has any, are all on temporary ones.
    private static func touchesOnlyTemporary(_ locks: [HeldLock]) -> Bool {
        let strong = locks.compactMap { $0.mode >= .share ? $0.relation : nil }.filter { !$0.isSystem }
        return !strong.isEmpty && strong.allSatisfy(\.isTemporary)
    }

    /// `CREATE SCHEMA IF NOT EXISTS drizzle`, `CREATE TABLE [IF NOT EXISTS] [schema.]history (…)`.
    private static func isPreparation(_ tokens: [SQLToken]) -> Bool {
        let names = tokens.prefix(12).compactMap(\.name)
        guard names.first == "create", names.count >= 3 else { return false }
        var rest = names.dropFirst(2)
        if rest.starts(with: ["if", "not", "exists"]) { rest = rest.dropFirst(3) }
        guard let object = rest.first else { return false }
        switch names[1] {
        case "schema": return toolSchemas.contains(object)
        case "table":
            return MigrationTool.tellingTables[object] != nil
                || rest.dropFirst().first.map { MigrationTool.tellingTables[$0] != nil } == true
        default: return false
        }
    }

    private static func toolOfSchema(_ tokens: [SQLToken]) -> String? {
        tokens.lazy.compactMap(\.name).contains("drizzle") ? "drizzle" : nil
    }

    private static func isHistoryWrite(_ tokens: [SQLToken]) -> Bool {
        guard let verb = tokens.first?.name, ["insert", "update", "delete"].contains(verb) else { return false }
        return tokens.prefix(8).contains { $0.name.map { MigrationTool.tellingTables[$0] != nil } ?? false }
    }
}
