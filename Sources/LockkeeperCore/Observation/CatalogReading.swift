/// What one look at a database's catalogs, and at the health of its server, saw.
public struct CatalogReading: Sendable, Hashable, Codable {
    public var database: String
    /// The server's clock in the same round trip.
    public var serverTime: Timestamp

    public init(database: String, serverTime: Timestamp) {
        self.database = database
        self.serverTime = serverTime
    }
}
