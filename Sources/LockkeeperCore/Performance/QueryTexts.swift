/// The texts of the few queries that are to be shown. Each is asked for once, or a second time if the answer did not come.
struct QueryTexts: Sendable {
    private var known: [QueryIdentity: Text] = [:]
    private var order: [QueryIdentity] = []

    enum Text: Sendable, Hashable {
        case read(String)
        /// Asked for that many times.
        case wanted(Int)
        /// The server has no text of that query.
        case missing
    }

    /// How many texts are kept.
    private static let limit = 200
    /// How often a text is asked for.
    private static let attempts = 2

    /// The text, or `nil` while it has still to come; asks for it then.
    mutating func text(of query: QueryIdentity) -> Text? {
        switch known[query] {
        case .read(let text): return .read(text)
        case .missing: return .missing
        case .wanted(let times): return times > Self.attempts ? .missing : nil
        case nil:
            if order.count >= Self.limit { known[order.removeFirst()] = nil }
            order.append(query)
            known[query] = .wanted(0)
            return nil
        }
    }

    /// Those that were asked for and have not come.
    var wanted: [Int64] {
        Set(
            known.compactMap { query, text in
                if case .wanted(let times) = text, times < Self.attempts { query.queryID } else { nil }
            }
        ).sorted()
    }

    /// Counts another time that the texts are being waited for.
    mutating func wait() {
        for (query, text) in known {
            if case .wanted(let times) = text { known[query] = .wanted(times + 1) }
        }
    }

    mutating func take(_ texts: StatementTexts) {
        for text in texts.texts {
            let query = QueryIdentity(databaseOID: text.databaseOID, queryID: text.queryID)
            if known[query] != nil { known[query] = .read(text.text) }
        }
        for (query, text) in known {
            if case .wanted = text { known[query] = .missing }
        }
    }
}
