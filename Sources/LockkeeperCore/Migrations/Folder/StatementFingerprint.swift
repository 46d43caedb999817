/// What a statement of a migration is recognised by when the server shows it running, without keeping its text.
///
/// The server shows a statement as it was sent, cut off at `track_activity_query_size`: so besides the whole text its beginnings of 64,
/// 128, 256 … bytes are known, and what is shown needs to agree with the longest that it holds.
public struct StatementFingerprint: Sendable, Hashable, Codable {
    /// Bytes of UTF-8, white space at both ends left out.
    public var length: Int
    /// 64-bit FNV-1a of the whole.
    public var hash: UInt64
    /// The same of its beginnings, the shortest first; each twice as long as the one before.
    public var beginnings: [UInt64]

    private static let shortestBeginning = 64

    public init(_ statement: String) {
        let bytes = Self.trimmed(statement)
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var beginnings: [UInt64] = []
        var next = Self.shortestBeginning
        for (index, byte) in bytes.enumerated() {
            if index == next {
                beginnings.append(hash)
                next *= 2
            }
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        if bytes.count == next { beginnings.append(hash) }
        length = bytes.count
        self.hash = hash
        self.beginnings = beginnings
    }

    /// Whether a text that the server shows can be this statement, whole or cut off.
    ///
    /// - Parameter shown: what is known of that text.
    public func matches(_ shown: StatementFingerprint) -> Bool {
        if shown.length == length { return shown.hash == hash }
        guard shown.length < length, let last = shown.beginnings.last else { return false }
        let position = shown.beginnings.count - 1
        return position < beginnings.count && beginnings[position] == last
    }

    private static func trimmed(_ text: String) -> Substring.UTF8View {
        let start = text.drop(while: \.isWhitespace)
        let end = start.lastIndex { !$0.isWhitespace }
        return end.map { start[...$0] }?.utf8 ?? Substring("").utf8
    }
}

extension MigrationFolder {
    /// Where in the folder a statement stands.
    public struct Place: Sendable, Hashable {
        public var migration: String
        /// Which of the migration's statements, from 1; `nil` if it has several that look the same.
        public var statement: Int?
        public var statementCount: Int
    }

    /// The migration that a running statement is of, as far as its text tells.
    ///
    /// - Parameters:
    ///   - query: as the server shows it.
    ///   - names: the migrations that it can be of, in order; empty = any.
    /// - Returns: `nil` if no migration, or more than one, has such a statement.
    public func place(of query: String, among names: [String]) -> Place? {
        let shown = StatementFingerprint(query)
        guard shown.length > 0 else { return nil }
        let wanted = Set(names)
        var found: Place?
        for entry in entries where wanted.isEmpty || wanted.contains(entry.name) {
            let positions = entry.statements.indices.filter { entry.statements[$0].matches(shown) }
            guard let first = positions.first else { continue }
            guard found == nil else { return nil }
            found = Place(
                migration: entry.name, statement: positions.count == 1 ? first + 1 : nil,
                statementCount: entry.statements.count)
        }
        return found
    }
}
