/// A query of a database: all users' executions of it, called directly or by functions.
struct QueryIdentity: Sendable, Hashable {
    var databaseOID: UInt32
    var queryID: Int64
}
