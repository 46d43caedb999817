/// A query of a database: all users' executions of it, called directly or by functions.
struct QueryIdentity: Sendable, Hashable {
    var databaseOID: UInt32
    var queryID: Int64

    init(databaseOID: UInt32, queryID: Int64) {
        self.databaseOID = databaseOID
        self.queryID = queryID
    }

    init(_ key: StatementEntry.Key) { self.init(databaseOID: key.databaseOID, queryID: key.queryID) }
}
