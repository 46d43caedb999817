public import LockkeeperCore

/// A PostgreSQL server to watch.
public struct TargetConfiguration: Sendable, Hashable {
    /// The value of the label `target`.
    public var name: String
    /// The libpq connection string. Its form has been looked at; libpq has the last word.
    public var dsn: Secret
    public var databases: DatabaseSelection
    /// Where the migrations of this target lie on disk, if that is known.
    public var migrations: MigrationsConfiguration?
    /// Labels that its alerts and incidents carry besides.
    public var labels: [String: String]

    public init(
        name: String, dsn: Secret, databases: DatabaseSelection = .connected,
        migrations: MigrationsConfiguration? = nil, labels: [String: String] = [:]
    ) {
        self.name = name
        self.dsn = dsn
        self.databases = databases
        self.migrations = migrations
        self.labels = labels
    }
}

/// A folder of migrations.
public struct MigrationsConfiguration: Sendable, Hashable {
    /// The `id` of the tool in the catalogue of tools.
    public var tool: String
    public var folder: String

    public init(tool: String, folder: String) {
        self.tool = tool
        self.folder = folder
    }
}
