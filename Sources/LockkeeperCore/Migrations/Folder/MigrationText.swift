/// What a migration's SQL says of how it can be run.
public struct MigrationText: Sendable, Hashable {
    /// How many statements Drizzle sends: the pieces between its `--> statement-breakpoint` marks.
    public var statementCount: Int { statements.count }
    /// What each of them is recognised by, in order.
    public var statements: [StatementFingerprint]
    /// The words of the statements that end a transaction, as they are written first: `COMMIT`.
    public var transactionEnds: [String]
    /// The beginnings of the statements that cannot run in a transaction: `CREATE INDEX CONCURRENTLY`.
    public var concurrentStatements: [String]

    /// Source of the mark: drizzle-orm's `migrator.ts`.
    public init(_ sql: String) {
        statements = sql.split(separator: "--> statement-breakpoint", omittingEmptySubsequences: true)
            .filter { piece in !piece.allSatisfy(\.isWhitespace) }
            .map { StatementFingerprint(String($0)) }
        transactionEnds = []
        concurrentStatements = []
        var statement: [SQLToken] = []
        // Statements inside a function's body written as BEGIN ATOMIC … END are not the migration's own.
        var isInBody = false
        for token in SQLLexer(sql) where token.kind != .comment {
            if token.kind == .symbol, token.text == ";" {
                if isInBody {
                    statement = Array(statement.prefix(1))
                } else {
                    close(statement)
                    statement = []
                }
                continue
            }
            let word = token.kind == .word ? token.text.lowercased() : ""
            if word == "atomic", statement.last?.name == "begin", statement.first?.name == "create" {
                isInBody = true
                statement = Array(statement.prefix(1))
            } else if isInBody, word == "end", statement.count == 1 {
                // An END that begins a statement closes the body; one of a CASE never does.
                isInBody = false
            }
            statement.append(token)
        }
        close(statement)
    }

    private mutating func close(_ statement: [SQLToken]) {
        let words = statement.map { $0.kind == .word ? $0.text.lowercased() : "" }
        switch StatementClass.classify(tokens: statement) {
        case .commit, .rollback:
            // COMMIT PREPARED and ROLLBACK PREPARED concern other transactions.
            if words.dropFirst().first != "prepared" { transactionEnds.append(statement[0].text.uppercased()) }
        default: break
        }
        // REFRESH MATERIALIZED VIEW CONCURRENTLY may run in a transaction.
        guard ["create", "drop", "reindex", "alter"].contains(words.first ?? ""),
            let end = words.firstIndex(of: "concurrently")
        else { return }
        let beginning = words.first == "alter" ? words[max(0, end - 2)...end] : words[...end]
        concurrentStatements.append(beginning.joined(separator: " ").uppercased())
    }
}
