public import LockkeeperConfig
internal import LockkeeperCore
public import LockkeeperPostgres

/// What a watcher needs of the connection to a target. A look that fails is a sample like any other: nothing is thrown.
protocol TargetProbe: Sendable {
    /// The cheap look. While the target is down it returns after the next attempt to connect.
    func glance(_ inquiry: Inquiry) async -> Sample
    /// The full look.
    func look(_ inquiry: Inquiry, tier: SamplingTier) async -> Sample
    /// Reads the history tables: those of the wanted databases, or of all configured ones if none is named.
    func readHistory(of databases: Set<String>) async -> [Sample]
    /// Reads the statistics of statements and databases.
    func readStatements() async -> Sample
    /// Reads the texts of statements; `nil` where there are none.
    func readStatementTexts(of queryIDs: [Int64]) async -> Sample?
    /// Reads the catalogs of the configured databases and the health of the server.
    func readCatalogs() async -> [Sample]
    func close() async
}

extension Sampler: TargetProbe {}

extension Sampler.Configuration {
    /// What a configuration says of looking at a target.
    public init(_ target: TargetConfiguration, sampling: SamplingConfiguration) {
        self.init(
            target: target.name,
            dsn: { () throws(PostgresError) in
                let text: String
                do throws(SecretFailure) {
                    text = try target.dsn.read()
                } catch {
                    throw PostgresError(
                        kind: .invalidDSN, stage: .connect, message: error.description,
                        hint: "write the connection string into it, readable for the agent")
                }
                return try DSN(text)
            }, databases: target.databases, lockTimeout: sampling.lockTimeout,
            statementTimeout: sampling.statementTimeout,
            connectTimeout: sampling.connectTimeout, otherDatabasesInterval: sampling.catalog)
    }
}
