/// The texts of statements that were asked for, as `pg_stat_statements` keeps them: literals are `$1`, `$2` …, except in utility
/// statements.
public struct StatementTexts: Sendable, Hashable, Codable {
    public var serverTime: Timestamp
    public var texts: [Text]

    public struct Text: Sendable, Hashable, Codable {
        public var databaseOID: UInt32
        public var queryID: Int64
        /// Cut off after `StatementTexts.lengthLimit` characters.
        public var text: String

        public init(databaseOID: UInt32, queryID: Int64, text: String) {
            self.databaseOID = databaseOID
            self.queryID = queryID
            self.text = text
        }
    }

    /// How many characters of a text are read.
    public static let lengthLimit = 4000

    public init(serverTime: Timestamp, texts: [Text]) {
        self.serverTime = serverTime
        self.texts = texts
    }
}
