/// A CREATE INDEX as its text names things: while it runs, the index itself has no name that others could see.
struct IndexCreation: Sendable, Hashable {
    /// As the text spells it; an index is always in the schema of its table.
    var index: String
    /// The schema of the table without quotes; `nil` where the text leaves it to the search path.
    var schema: String?
    /// The table without quotes.
    var table: String

    /// Those of a text, which may hold several statements. One that leaves the name to the server is left out, and so is what the server cut
    /// off before the table.
    ///
    /// Source of the grammar: PostgreSQL manual, "CREATE INDEX".
    static func all(in text: String) -> [IndexCreation] {
        SQLLexer(text).filter { $0.kind != .comment }
            .split(whereSeparator: { $0.kind == .symbol && $0.text == ";" })
            .compactMap { IndexCreation(Array($0)) }
    }

    private init?(_ tokens: [SQLToken]) {
        var rest = tokens[...]
        func skip(_ word: String) -> Bool {
            guard let first = rest.first, first.kind == .word, first.text.lowercased() == word else { return false }
            rest = rest.dropFirst()
            return true
        }
        func isName(_ token: SQLToken) -> Bool { token.kind == .word || token.kind == .quotedIdentifier }
        guard skip("create") else { return nil }
        _ = skip("unique")
        guard skip("index") else { return nil }
        _ = skip("concurrently")
        let words = rest.prefix(3).map { $0.kind == .word ? $0.text.lowercased() : "" }
        if words == ["if", "not", "exists"] { rest = rest.dropFirst(3) }
        guard !skip("on"), let index = rest.popFirst(), isName(index), skip("on") else { return nil }
        _ = skip("only")
        guard let first = rest.popFirst(), isName(first) else { return nil }
        var names = [first]
        while names.count < 3, let dot = rest.first, dot.text == ".", let name = rest.dropFirst().first, isName(name) {
            names.append(name)
            rest = rest.dropFirst(2)
        }
        // A name at the very end may be half of one.
        guard !rest.isEmpty, let table = names.last?.name else { return nil }
        self.index = index.kind == .word ? index.text.lowercased() : index.text
        self.table = table
        schema = names.count > 1 ? names[names.count - 2].name : nil
    }

    /// The index that is being built on a table, as the text of the session's query names it.
    ///
    /// - Parameter relation: the table's qualified name, quoted where SQL needs it; `nil` if it is not known.
    /// - Returns: `nil` if the text names none, or several that it could be.
    static func name(in text: String, on relation: String?) -> String? {
        let created = all(in: text)
        guard let relation else { return created.count == 1 ? created[0].index : nil }
        let place = SQLLexer(relation).filter { $0.kind != .symbol }
        guard place.count == 2, let schema = place[0].name, let table = place[1].name else { return nil }
        let matching = created.filter { $0.table == table && ($0.schema ?? schema) == schema }
        return matching.count == 1 ? "\(place[0].text).\(matching[0].index)" : nil
    }
}
