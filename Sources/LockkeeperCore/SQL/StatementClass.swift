/// What a statement is to someone who looks for migrations.
public enum StatementClass: Sendable, Hashable {
    /// Changes the schema of lasting objects, or rewrites them: CREATE, ALTER, DROP, REINDEX, CLUSTER, VACUUM FULL …
    case schemaChange
    /// BEGIN and START TRANSACTION.
    case begin
    /// COMMIT and END.
    case commit
    /// ROLLBACK and ABORT (not to a savepoint).
    case rollback
    /// Takes strong locks without being a migration: LOCK TABLE, TRUNCATE, REFRESH MATERIALIZED VIEW, VACUUM, ANALYZE.
    case maintenance
    /// Everything else.
    case other

    /// Classifies the text of a query, which may hold several statements: the strongest of them counts, a schema change first,
    /// then the last transaction statement.
    public static func classify(_ query: String) -> StatementClass {
        classify(tokens: SQLLexer(query).filter { $0.kind != .comment })
    }

    static func classify(tokens: [SQLToken]) -> StatementClass {
        var result = StatementClass.other
        for statement in tokens.split(whereSeparator: { $0.kind == .symbol && $0.text == ";" }) {
            switch classify(statement: Array(statement)) {
            case .schemaChange: return .schemaChange
            case .other: continue
            case let found: result = found
            }
        }
        return result
    }

    private static func classify(statement tokens: [SQLToken]) -> StatementClass {
        let words = tokens.prefix(8).map { $0.kind == .word ? $0.text.lowercased() : "" }
        let rest = words.dropFirst()
        switch words.first {
        case "create":
            return isTemporary(rest) || isAdministrative(rest) ? .other : .schemaChange
        case "alter", "drop":
            return isAdministrative(rest) ? .other : .schemaChange
        case "reindex", "cluster", "comment", "security":
            return .schemaChange
        case "import":
            return rest.first == "foreign" ? .schemaChange : .other
        case "vacuum":
            return isFullVacuum(tokens) ? .schemaChange : .maintenance
        case "do":
            return doesSchemaChange(body: tokens.lazy.compactMap(\.dollarQuotedBody).first ?? "")
                ? .schemaChange : .other
        case "begin":
            return .begin
        case "start":
            return rest.first == "transaction" ? .begin : .other
        case "commit", "end":
            return .commit
        case "rollback", "abort":
            return words.contains("to") ? .other : .rollback
        case "lock", "truncate", "refresh", "analyze", "analyse":
            return .maintenance
        default:
            return .other
        }
    }

    /// `CREATE [GLOBAL | LOCAL] TEMP…`, `CREATE OR REPLACE TEMP…`
    private static func isTemporary(_ words: ArraySlice<String>) -> Bool {
        for word in words.prefix(3) {
            switch word {
            case "temp", "temporary": return true
            case "global", "local", "or", "replace": continue
            default: return false
            }
        }
        return false
    }

    /// Objects of the cluster rather than of a schema.
    private static func isAdministrative(_ words: ArraySlice<String>) -> Bool {
        switch words.first {
        case "role", "user", "group", "database", "tablespace", "system", "subscription", "publication", "owned":
            // `CREATE USER MAPPING` belongs to a foreign server, which a migration may set up.
            !(words.first == "user" && words.dropFirst().first == "mapping")
        default: false
        }
    }

    private static func isFullVacuum(_ tokens: [SQLToken]) -> Bool {
        // FULL stands among the options, before the first name of a table.
        tokens.dropFirst().prefix(while: { token in
            token.kind == .symbol
                || ["full", "freeze", "verbose", "analyze", "on", "off", "true"].contains(token.name ?? "")
        }).contains { $0.name == "full" }
    }

    /// Whether a procedural block begins a statement with a word of schema change.
    private static func doesSchemaChange(body: String) -> Bool {
        let tokens = SQLLexer(body).filter { $0.kind != .comment }
        for (index, token) in tokens.enumerated() where ["create", "alter", "drop"].contains(token.name ?? "") {
            let before = index > 0 ? tokens[index - 1] : nil
            let beginsStatement =
                before.map { $0.text == ";" || ["begin", "then", "else", "loop"].contains($0.name ?? "") } ?? true
            if beginsStatement {
                let statement = tokens[index...].prefix { $0.text != ";" }
                if classify(statement: Array(statement)) == .schemaChange { return true }
            }
            // EXECUTE 'ALTER …' and EXECUTE format('…') hide the text in a literal.
        }
        for (index, token) in tokens.enumerated() where token.name == "execute" {
            for literal in tokens[(index + 1)...].prefix(4) where literal.kind == .literal {
                let start = literal.text.drop { !$0.isLetter }.lowercased()
                if ["create", "alter", "drop"].contains(where: start.hasPrefix) { return true }
            }
        }
        return false
    }
}
